"""The trunks that DeepLabV3 can have: images to maps of an eighth of their size."""

from collections.abc import Callable
from functools import partial

import torch
from torch import nn

from carekit.ground.registry import Registry
from carekit.networks import BACKBONES, Parts
from carekit.networks.efficientnet_lite import efficientnet_lite0

BLOCKS = 11  # of EfficientNet-Lite0's 16


def small(pretrained: bool, frozen: bool) -> Parts:
    """The laptop's small network, whose maps are an eighth of the image anyway."""
    return BACKBONES.named("small")(2, pretrained)


def dilated_resnet(name: str, pretrained: bool, frozen: bool) -> Parts:
    """A ResNet whose last two stages are dilated instead of strided, so that its maps are finer.

    torchvision's own option does this for ResNet50 and larger ones alone.
    """
    parts = BACKBONES.named(name)(2, pretrained)
    third, fourth = list(parts.trunk.children())[-2:]
    for stage, dilation in ((third, 2), (fourth, 4)):
        for layer in stage.modules():
            if not isinstance(layer, nn.Conv2d):
                continue
            # A layer that loses its stride still sees its input as before: only later ones widen.
            wide = dilation // layer.stride[0]
            layer.stride = (1, 1)
            if layer.kernel_size[0] > 1:
                layer.dilation = (wide, wide)
                layer.padding = (wide, wide)
    return parts


def first_blocks(pretrained: bool, frozen: bool) -> Parts:
    """EfficientNet-Lite0 up to its eleventh block, with 112 channels; all of it frozen, or none.

    Edges, colours and textures are the same in skin: where it is frozen, the head alone is trained, on maps that are
    computed once.
    """
    parts = efficientnet_lite0(2, pretrained, stride=8)
    blocks = nn.Sequential(*list(parts.trunk.children())[: 1 + BLOCKS])  # the stem and the blocks
    if frozen:
        return parts._replace(frozen=blocks, trunk=nn.Identity())
    return parts._replace(trunk=blocks)


# Each takes `pretrained` and `frozen` (which only EfficientNet-Lite0 can be); the head of its parts is not used.
TRUNKS: Registry[Callable[[bool, bool], Parts]] = Registry(
    "trunk",
    {
        "small": small,
        "efficientnet_lite0": first_blocks,
        "resnet18": partial(dilated_resnet, "resnet18"),
        "resnet50": partial(dilated_resnet, "resnet50"),  # the original's
    },
)


@torch.no_grad()
def channels_of(parts: Parts) -> int:
    """How many channels the maps of a network have, by a probe."""
    layers = nn.Sequential(parts.frozen or nn.Identity(), parts.trunk)
    layers.eval()  # batch normalisation has no statistics of a single image
    channels = layers(torch.zeros(1, 3, 64, 64)).shape[1]
    layers.train()
    return channels
