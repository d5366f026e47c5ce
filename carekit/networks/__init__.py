"""Networks behind one face, one family a file; the table holds them by name."""

from collections.abc import Callable

from carekit.ground.messages import nearest
from carekit.ground.registry import Registry
from carekit.method.seeding import seeded
from carekit.networks.backbone import Backbone, Output, Parts, PooledLinear
from carekit.networks.cutting import cut_parts
from carekit.networks.efficientnet_lite import (
    efficientnet_lite0,
    efficientnet_lite0_early,
    efficientnet_lite0_fine,
)
from carekit.networks.small import small
from carekit.networks.timm_nets import timm_net
from carekit.networks.torchvision_nets import any_net, names, resnet18, resnet50, resnet152, vgg19
from carekit.networks.vit import efficientnet_lite0_vit, small_vit

# Each takes (n_classes, imagenet) and gives the parts of the network, its head fresh.
BACKBONES: Registry[Callable[[int, bool], Parts]] = Registry(
    "backbone",
    {
        "small": small,
        "small_vit": small_vit,
        "efficientnet_lite0": efficientnet_lite0,
        "efficientnet_lite0_early": efficientnet_lite0_early,
        "efficientnet_lite0_fine": efficientnet_lite0_fine,
        "efficientnet_lite0_vit": efficientnet_lite0_vit,
        "resnet18": resnet18,
        "resnet50": resnet50,
        "resnet152": resnet152,
        "vgg19": vgg19,
    },
)
TIMM = "timm:"


def build(name: str, n_classes: int, *, imagenet: bool = False, seed: int = 0) -> Backbone:
    """A backbone with a fresh classifier; the same seed gives the same weights.

    Args:
        name: a name of `BACKBONES`, any classifier of torchvision ("densenet121"), or "timm:" and a name of timm's.
            NAME@LAYER takes the maps of an earlier layer: "resnet18@layer3".
        n_classes: how many classes there are.
        imagenet: start from ImageNet weights; torchvision's and timm's are downloaded once, Lite0's come in a package.
        seed: of the weights that are not ImageNet's.

    Raises:
        ValueError: for an unknown name or layer, a layer that is no map, or weights that do not exist.
        RuntimeError: where the weights cannot be fetched or are damaged, and where timm is not installed.
    """
    plain, _, layer = name.partition("@")
    with seeded(seed):
        parts = _parts(plain, layer, n_classes, imagenet)
    return Backbone(name, n_classes, parts)


def _parts(name: str, layer: str, n_classes: int, imagenet: bool) -> Parts:
    if name in BACKBONES:
        parts = BACKBONES[name](n_classes, imagenet)
    elif name.startswith(TIMM):
        parts = timm_net(name.removeprefix(TIMM), n_classes, imagenet)
    elif name in names():
        return any_net(name, n_classes, imagenet, layer)
    else:
        hint = nearest(name, [*BACKBONES, *names()])
        others = "any classifier of torchvision, or timm:NAME"
        raise ValueError(f"backbone = {name!r} is unknown: {hint}choose one of {', '.join(BACKBONES)}, {others}")
    return cut_parts(parts, layer) if layer else parts


def at_layer(model: Backbone, layer: str) -> Backbone:
    """The same network, its weights shared, with the maps of an earlier layer.

    Args:
        model: any backbone, trained or not.
        layer: a layer of its trunk, by name.

    Raises:
        ValueError: for a layer that is not there, is no map, or is not all that the scores are made from.
    """
    parts = cut_parts(Parts(model.trunk, model.head, frozen=model.frozen), layer)
    same = Backbone(f"{model.name}@{layer}", model.n_classes, parts).train(model.training)
    same.mean, same.std = model.mean, model.std
    return same


__all__ = ["BACKBONES", "Backbone", "Output", "Parts", "PooledLinear", "at_layer", "build"]
