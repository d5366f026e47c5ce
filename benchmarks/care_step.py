"""What a CARE step costs, as a ratio to the plain step of the same network on the same images.

Behind pooling and a linear layer the map's weights are read off that layer. For any other head they take a backward
pass through it; and where a batch normalisation in training stands behind the layer, an image's score depends on the
others, so that each boxed image takes a backward pass of its own.
"""

import torch
from _timing import Clock, options, print_ratios, rounds
from torch import nn
from torch.nn import functional

from carekit import Care, box_masks, build
from carekit.method.attention import inner_loss, outer_loss
from carekit.method.boxes import outer_mask
from carekit.method.cam import activation_map, normalise, resize

# backbone, px, batch, rounds: three heads of pooling and a linear layer, one of several layers, one with normalisations
CASES = (
    ("resnet18", 128, 32, 12),
    ("resnet50", 224, 8, 8),
    ("small", 64, 32, 40),
    ("mobilenet_v3_small", 128, 32, 12),
    ("resnet18@layer3", 128, 32, 6),
)
QUICK = (("resnet18", 64, 4, 2), ("mobilenet_v3_small", 64, 4, 2))
TARGET = 1.05
FLOOR = "1.00, a plain step; the rest is masks, maps of the boxed images and their part of the backward pass"


def batch(size: int, n: int, boxed: int):
    """Random images, and a box on the first `boxed` of them."""
    torch.manual_seed(0)
    images, labels = torch.rand(n, 3, size, size), torch.randint(0, 7, (n,))
    box = (0.2 * size, 0.3 * size, 0.7 * size, 0.8 * size)
    return images, labels, *box_masks([[box] if i < boxed else [] for i in range(n)], (size, size))


def step(model, optimizer, data, care: Care, classifier) -> float:
    images, labels, m_in, has_box = data
    logits, features = model(images)
    loss = care(logits, features, labels, m_in, has_box, classifier=classifier).total
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


def step_as_printed(model, optimizer, data, care: Care) -> None:
    """Algorithm 2 to the letter: the loss's gradient by a backward pass through all, a second for the attention."""
    images, labels, m_in, has_box = data
    logits, features = model(images)
    features.retain_grad()
    optimizer.zero_grad()
    ((1 - care.alpha) * functional.cross_entropy(logits, labels)).backward(retain_graph=True)
    weights = features.grad.mean((2, 3))[has_box]
    maps = resize(normalise(activation_map(features[has_box], weights)), m_in.shape[1:])
    inside, outside = m_in[has_box].float(), outer_mask(m_in[has_box])
    l_a = inner_loss(maps, inside, care.tau) + care.lam * outer_loss(maps, outside)
    (care.alpha * l_a.mean()).backward()
    optimizer.step()


def enlarged(logits, features, labels, m_in, has_box, care: Care) -> torch.Tensor:
    """The same objective the long way: each map enlarged to the image and compared there, pixel by pixel."""
    (gradient,) = torch.autograd.grad(logits.gather(1, labels[:, None]).sum(), features, retain_graph=True)
    maps = resize(normalise(activation_map(features, gradient.mean((2, 3)))), m_in.shape[1:])[has_box]
    inside, outside = m_in[has_box].float(), outer_mask(m_in[has_box])
    l_a = (inner_loss(maps, inside, care.tau) + care.lam * outer_loss(maps, outside)).mean()
    return (1 - care.alpha) * functional.cross_entropy(logits, labels) + care.alpha * l_a


def agreement(model, data) -> None:
    """Print how far the three ways to the same loss differ: in its value, and in its gradient in all weights."""
    images, labels, m_in, has_box = data
    care, weights = Care(), list(model.parameters())
    logits, features = model(images)
    by_hand = care(logits, features, labels, m_in, has_box, classifier=model.linear_head).total
    by_autograd = care(logits, features, labels, m_in, has_box).total
    at_image = enlarged(logits, features, labels, m_in, has_box, care)
    ours = torch.autograd.grad(by_hand, weights, retain_graph=True)
    largest = max(gradient.abs().max().item() for gradient in ours)
    for name, loss in (("gradient through the head", by_autograd), ("maps enlarged to the image", at_image)):
        theirs = torch.autograd.grad(loss, weights, retain_graph=True)
        gap = max((a - b).abs().max().item() for a, b in zip(ours, theirs, strict=True)) / largest
        print(f"Same as by {name}: loss to {(by_hand - loss).abs().item():.0e}, gradients to {gap:.0e} of the largest.")


def measure(model, optimizer, data, repeats: int, title: str, clock: Clock) -> None:
    care, by_hand = Care(), model.linear_head
    variants = {"plain": lambda: step(model, optimizer, data, Care(alpha=0), None)}
    if by_hand is not None:
        variants["CARE, weights by hand"] = lambda: step(model, optimizer, data, care, by_hand)
    variants["CARE, gradient through the head"] = lambda: step(model, optimizer, data, care, None)
    variants["CARE, as Algorithm 2 prints it"] = lambda: step_as_printed(model, optimizer, data, care)
    target = {"CARE, weights by hand": TARGET} if by_hand is not None else {}
    print_ratios(title, rounds(variants, repeats, clock=clock), "plain", target, FLOOR)
    if by_hand is None:
        print(f"-> the head of {model.name} is not pooling and a linear layer: {why(model)}", flush=True)


def why(model) -> str:
    """What a map costs behind another head."""
    normalised = any(isinstance(module, nn.BatchNorm2d) for module in model.head.modules())
    return "a backward pass through it for each boxed image" if normalised else "one more backward pass through it"


def main() -> None:
    chosen = options(__doc__)
    torch.set_num_threads(chosen.threads)
    for name, size, n, repeats in QUICK if chosen.quick else CASES:
        model = build(name, 7).train()
        optimizer = torch.optim.AdamW(model.parameters(), lr=1e-5)
        for boxed in (n, max(1, n // 8)):
            title = f"A training step, {name} at {size} px, batch {n}, {boxed} boxed"
            measure(model, optimizer, batch(size, n, boxed), repeats, title, chosen.clock)
        agreement(model.eval(), batch(size, min(n, 8), 4))


if __name__ == "__main__":
    main()
