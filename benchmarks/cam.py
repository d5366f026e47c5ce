"""What a batch of class activation maps costs, as a ratio to the forward pass, beside other libraries."""

from collections.abc import Callable

import torch
from _timing import options, print_ratios, rounds

import carekit.vision  # noqa: F401  the peers import torchvision, which may need its operators declared first
from carekit import build, class_activation_map
from carekit.cam import activation_map, channel_weights, normalise


class Logits(torch.nn.Module):
    """The backbone as other libraries expect it: images -> logits."""

    def __init__(self, backbone):
        super().__init__()
        self.backbone = backbone

    def forward(self, images):
        return self.backbone(images).logits


def peers(model, images, labels) -> dict[str, Callable]:
    """The same maps by captum, pytorch-grad-cam and torch-cam, those that are installed."""
    net, layer, found = Logits(model), model.trunk[-1], {}
    try:
        from captum.attr import LayerGradCam

        captum = LayerGradCam(net, layer)
        found["captum"] = lambda: captum.attribute(images, labels)
    except ImportError:
        print("captum is not installed: pip install -e '.[bench]'")
    try:
        from pytorch_grad_cam import GradCAM
        from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

        grad_cam = GradCAM(net, [layer])
        targets = [ClassifierOutputTarget(label) for label in labels.tolist()]
        found["pytorch-grad-cam"] = lambda: grad_cam(images, targets)
    except ImportError:
        print("pytorch-grad-cam is not installed: pip install -e '.[bench]'")
    try:
        from torchcam.methods import GradCAM as TorchCam

        torch_cam = TorchCam(net, layer)
        torch_cam.disable_hooks()  # while the others are measured
        found["torch-cam"] = lambda: _torch_cam(torch_cam, net, images, labels)
    except ImportError:
        print("torch-cam is not installed: pip install -e '.[bench]'")
    return found


def _torch_cam(extractor, net, images, labels):
    extractor.enable_hooks()
    maps = extractor(labels.tolist(), net(images))
    extractor.disable_hooks()
    return maps


def forward(model, images):
    """The pass that every map needs, with gradients on where the peers have them on: from the head only."""
    with torch.no_grad():
        return model(images)


def ours(model, images, labels, by_hand: bool):
    with torch.no_grad():
        features = model.trunk((images - model.mean) / model.std)
    features.requires_grad_()
    logits = model.head(features)
    return class_activation_map(logits, features, labels, classifier=model.linear_head if by_hand else None).detach()


def agreement(model, images, labels) -> None:
    """Our maps against captum's, with the ReLU and the normalisation that both then share."""
    from captum.attr import LayerGradCam

    theirs = LayerGradCam(Logits(model), model.trunk[-1]).attribute(images, labels, relu_attributions=True)[:, 0]
    logits, features = model(images)
    maps = activation_map(features, channel_weights(logits, features, labels), relu=True)
    gap = (normalise(maps) - normalise(theirs)).abs().max().item()
    print(f"Same result: our maps and captum's differ by at most {gap:.0e}.")


def main() -> None:
    chosen = options(__doc__)
    torch.set_num_threads(chosen.threads)
    name, size, n, repeats = ("resnet18", 64, 2, 2) if chosen.quick else ("resnet50", 224, 8, 10)
    torch.manual_seed(0)
    model = build(name, 7).eval()
    images, labels = torch.rand(n, 3, size, size), torch.arange(n) % 7
    variants = {
        "forward pass alone": lambda: forward(model, images),
        "carekit, weights by hand": lambda: ours(model, images, labels, True),
        "carekit, gradient through the head": lambda: ours(model, images, labels, False),
    } | peers(model, images, labels)
    title = f"Maps of a batch, {name} at {size} px, batch {n}"
    target = ("carekit, gradient through the head", 1.05)
    print_ratios(title, rounds(variants, repeats), "forward pass alone", target, "1, the forward pass")
    try:
        agreement(model, images, labels)
    except ImportError:
        print("Without captum the maps are not compared here.")


if __name__ == "__main__":
    main()
