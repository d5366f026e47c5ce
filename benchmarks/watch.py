"""What CARE beside a model of one's own costs: a training step as a ratio to the plain one, maps next to other
libraries', and memory after many steps."""

import gc

import psutil
import torch
from _timing import options, print_ratios, rounds
from cam import peers
from torch import nn
from torch.nn import functional

import carekit.networks.vision  # noqa: F401  the peers import torchvision, which may need its operators declared first
from carekit import Care, build
from carekit.networks.vision import models

MB = 2**20
TARGETS = {"CARE, watched": 1.02}


def batch(size: int, n: int):
    """Random images, labels, and a box on every image."""
    torch.manual_seed(0)
    box = (0.2 * size, 0.3 * size, 0.7 * size, 0.8 * size)
    return torch.rand(n, 3, size, size), torch.randint(0, 7, (n,)), [[box]] * n


def step(model, optimizer, loss_of, images) -> None:
    loss = loss_of(model(images))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def steps(name: str, size: int, n: int, repeats: int) -> None:
    """Each way has a copy of the network, so that only its own hooks run."""
    images, labels, boxes = batch(size, n)
    variants = {}
    for title in ("plain", "CARE, watched", "CARE, watched, alpha = 0"):
        torch.manual_seed(0)
        model = getattr(models, name)(weights=None, num_classes=7).train()
        optimizer = torch.optim.SGD(model.parameters(), lr=1e-5)
        if title == "plain":
            loss_of = lambda logits: functional.cross_entropy(logits, labels)  # noqa: E731
        else:
            care = Care(alpha=0.0 if "alpha" in title else 0.5).watch(model, quiet=True)
            loss_of = lambda logits, care=care: care(logits, labels, boxes).total  # noqa: E731
        variants[title] = lambda m=model, o=optimizer, f=loss_of: step(m, o, f, images)
    title = f"A training step, {name} at {size} px, batch {n}, all boxed"
    print_ratios(title, rounds(variants, repeats), "plain", TARGETS, "1.00, a plain step")


def maps(name: str, size: int, n: int, repeats: int) -> None:
    """Maps of a batch, of the class given, beside other libraries on the same network."""
    torch.manual_seed(0)
    backbone = build(name, 7).eval()
    images, labels, _ = batch(size, n)
    found = peers(backbone, images, labels)
    net = nn.Sequential(backbone.trunk, backbone.head).eval()
    pixels = (images - backbone.mean) / backbone.std
    care = Care().watch(net, quiet=True)

    def ours():
        with torch.no_grad():
            return care.maps(net(pixels), labels)

    def forward():
        with torch.no_grad():
            return backbone(images)

    variants = {"forward pass alone": forward, "carekit, watched": ours} | found
    title = f"Maps of a batch, {name} at {size} px, batch {n}"
    print_ratios(title, rounds(variants, repeats), "forward pass alone", {"carekit, watched": 1.05}, "1.00, the pass")


def memory(many: int) -> None:
    """Of this process after 10 steps and after many more, and of tensors that are still alive."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(3, 32, 3, 2, 1), nn.BatchNorm2d(32), nn.ReLU(inplace=True), nn.AdaptiveAvgPool2d(1))
    model.extend([nn.Flatten(), nn.Linear(32, 7)])
    care = Care().watch(model, quiet=True)
    images, labels, boxes = batch(64, 16)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-5)
    process = psutil.Process()
    seen = []
    for i in range(many):
        step(model, optimizer, lambda logits: care(logits, labels, boxes).total, images)
        if i + 1 in (10, many):
            gc.collect()
            seen.append(
                (process.memory_info().rss / MB, sum(issubclass(type(each), torch.Tensor) for each in gc.get_objects()))
            )
    (few_mb, few), (much_mb, much) = seen
    ratio = much_mb / few_mb
    verdict = "within" if ratio <= 1.05 else "above"
    print(f"\n-> memory after {many} steps: {much_mb:.0f} MB, {ratio:.3f} of that after 10, {verdict} 1.05")
    print(f"-> tensors alive after {many} steps: {much}, after 10: {few}", flush=True)


def main() -> None:
    chosen = options(__doc__)
    torch.set_num_threads(chosen.threads)
    name, size, n, repeats = ("resnet18", 64, 2, 2) if chosen.quick else ("resnet50", 224, 8, 10)
    steps(name, size, n, repeats)
    maps(name, size, n, repeats)
    memory(30 if chosen.quick else 1000)


if __name__ == "__main__":
    main()
