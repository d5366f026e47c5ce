"""What a batch of class activation maps costs, as a ratio to the forward pass, beside other libraries."""

from collections.abc import Callable
from copy import deepcopy
from importlib.util import find_spec

import torch
from _timing import options, print_ratios, rounds

import carekit.networks.vision  # noqa: F401  the peers import torchvision, which may need its operators declared first
from carekit import build, class_activation_map
from carekit.method.cam import grad_cam_relu, normalise, resize, score_gradient

PEERS = {"captum": "captum", "pytorch-grad-cam": "pytorch_grad_cam", "torch-cam": "torchcam"}


class Logits(torch.nn.Module):
    """A copy of the backbone as other libraries expect it, images -> logits: their hooks stay on the copy."""

    def __init__(self, backbone):
        super().__init__()
        self.backbone = deepcopy(backbone)
        self.layer = self.backbone.trunk[-1]

    def forward(self, images):
        return self.backbone(images).logits


def peers(model, images, labels) -> dict[str, Callable]:
    """Each installed peer's maps of a batch: of captum before its ReLU, of the others as they come."""
    makers = {"captum": _captum, "pytorch-grad-cam": _grad_cam, "torch-cam": _torch_cam}
    found = {}
    for name, module in PEERS.items():
        if find_spec(module):
            found[name] = makers[name](Logits(model), images, labels)
        else:
            print(f"{name} is not installed: pip install -e '.[bench]'")
    return found


def _captum(net, images, labels) -> Callable:
    from captum.attr import LayerGradCam

    maker = LayerGradCam(net, net.layer)
    return lambda: maker.attribute(images, labels)[:, 0].detach()


def _grad_cam(net, images, labels) -> Callable:
    from pytorch_grad_cam import GradCAM
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

    maker, targets = GradCAM(net, [net.layer]), [ClassifierOutputTarget(label) for label in labels.tolist()]
    return lambda: torch.from_numpy(maker(images, targets))


def _torch_cam(net, images, labels) -> Callable:
    from torchcam.methods import GradCAM

    maker = GradCAM(net, net.layer)
    return lambda: maker(labels.tolist(), net(images))[0]


def forward(model, images):
    """The pass that every map needs anyway."""
    with torch.no_grad():
        return model(images)


def ours(model, images, labels, by_hand: bool):
    logits, features = model.with_head_graph(images)
    return class_activation_map(logits, features, labels, classifier=model.linear_head if by_hand else None).detach()


def agreement(model, images, labels, found: dict[str, Callable]) -> None:
    """Our maps against the peers', like with like: ReLU and range 0 to 1, enlarged where the peer enlarges."""
    logits, features = model(images)
    maps = normalise(grad_cam_relu(features, score_gradient(logits, features, labels))).detach()
    for name, make in found.items():
        theirs = make().relu()
        same_size = maps if theirs.shape == maps.shape else resize(maps, theirs.shape[1:])
        gap = (normalise(same_size) - normalise(theirs)).abs().max().item()
        print(f"Same result: our maps and those of {name} differ by at most {gap:.0e} in a range of 0 to 1.")


def main() -> None:
    chosen = options(__doc__)
    torch.set_num_threads(chosen.threads)
    name, size, n, repeats = ("resnet18", 64, 2, 2) if chosen.quick else ("resnet50", 224, 8, 10)
    torch.manual_seed(0)
    model = build(name, 7).eval()
    images, labels = torch.rand(n, 3, size, size), torch.arange(n) % 7
    found = peers(model, images, labels)
    variants = {
        "forward pass alone": lambda: forward(model, images),
        "carekit, weights by hand": lambda: ours(model, images, labels, True),
        "carekit, gradient through the head": lambda: ours(model, images, labels, False),
    } | found
    title = f"Maps of a batch, {name} at {size} px, batch {n}"
    target = {"carekit, gradient through the head": 1.05}
    seconds = rounds(variants, repeats, 1 if chosen.quick else 2)
    print_ratios(title, seconds, "forward pass alone", target, "1.00, the forward pass; the rest is the maps")
    agreement(model, images, labels, found)


if __name__ == "__main__":
    main()
