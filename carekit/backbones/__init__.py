"""Networks behind one face, one family a file; the table holds them by name."""

from collections.abc import Callable

from carekit.backbones.backbone import Backbone, Output, Parts, PooledLinear
from carekit.backbones.efficientnet_lite import efficientnet_lite0, efficientnet_lite0_early
from carekit.backbones.small import small
from carekit.backbones.torchvision_nets import resnet18, resnet50, resnet152, vgg19
from carekit.seeding import seeded
from carekit.tables import Table

# Each takes (n_classes, imagenet) and gives the parts of the network, its head fresh.
BACKBONES: Table[Callable[[int, bool], Parts]] = Table(
    "backbone",
    {
        "small": small,
        "efficientnet_lite0": efficientnet_lite0,
        "efficientnet_lite0_early": efficientnet_lite0_early,
        "resnet18": resnet18,
        "resnet50": resnet50,
        "resnet152": resnet152,
        "vgg19": vgg19,
    },
)


def build(name: str, n_classes: int, *, imagenet: bool = False, seed: int = 0) -> Backbone:
    """A backbone with a fresh classifier; the same seed gives the same weights.

    Args:
        name: a name of `BACKBONES`.
        n_classes: how many classes there are.
        imagenet: start from ImageNet weights; torchvision's are downloaded once, Lite0's come in a package.
        seed: of the weights that are not ImageNet's.

    Raises:
        ValueError: for an unknown name or weights that do not exist.
        RuntimeError: where the weights cannot be fetched.
    """
    parts_of = BACKBONES.named(name)
    with seeded(seed):
        parts = parts_of(n_classes, imagenet)
    return Backbone(name, n_classes, parts)


__all__ = ["BACKBONES", "Backbone", "Output", "Parts", "PooledLinear", "build"]
