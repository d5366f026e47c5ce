"""What a CARE step costs with each map, as a ratio to the plain step of the same network on the same images."""

from collections.abc import Callable

import torch
from _timing import Clock, options, print_ratios, rounds
from torch import nn

from carekit import Care, box_masks, build
from carekit.method.cam import MAPS
from carekit.networks import Backbone, Parts

CASES = (("resnet18", 128, 32, 12), ("small", 64, 32, 40))  # backbone, px, batch, rounds
QUICK = (("small", 32, 4, 2),)
TARGETS = {MAPS[name].label: 1.10 for name in ("hires_cam", "layer_cam")}
FLOOR = "1.00, a plain step; all images have a box, and a map"


def batch(size: int, n: int):
    """Random images, and a box on each."""
    torch.manual_seed(0)
    images, labels = torch.rand(n, 3, size, size), torch.randint(0, 7, (n,))
    box = (0.2 * size, 0.3 * size, 0.7 * size, 0.8 * size)
    return images, labels, *box_masks([[box]] * n, (size, size))


def bent(net: Backbone) -> Backbone:
    """The same trunk and a head that is not linear, so that the gradient differs from place to place."""
    channels = net.linear_head.in_features
    hidden = nn.Sequential(nn.Conv2d(channels, 64, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    return Backbone(net.name, 7, Parts(net.trunk, nn.Sequential(*hidden, nn.Linear(64, 7))))


def stepper(model: Backbone, optimizer: torch.optim.Optimizer, data, care: Care) -> Callable[[], None]:
    def step() -> None:
        images, labels, m_in, has_box = data
        logits, features = model(images)
        loss = care(logits, features, labels, m_in, has_box, classifier=model.linear_head).total
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return step


def measure(model: Backbone, data, repeats: int, title: str, clock: Clock) -> None:
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-5)
    variants = {"plain": stepper(model, optimizer, data, Care(alpha=0))}
    variants |= {MAPS[name].label: stepper(model, optimizer, data, Care(method=name)) for name in MAPS}
    print_ratios(title, rounds(variants, repeats, clock=clock), "plain", TARGETS, FLOOR)


def main() -> None:
    chosen = options(__doc__)
    torch.set_num_threads(chosen.threads)
    for name, size, n, repeats in QUICK if chosen.quick else CASES:
        model, data = build(name, 7).train(), batch(size, n)
        for kind, each in (("linear", model), ("other", bent(model).train())):
            title = f"A step with each map, {name} at {size} px, batch {n}, {kind} head"
            measure(each, data, repeats, title, chosen.clock)


if __name__ == "__main__":
    main()
