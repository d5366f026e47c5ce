"""The trunks that DeepLabV3 can stand on: images to maps of an eighth of their size."""

from collections.abc import Callable

import torch
from torch import nn

from carekit.ground.registry import Table
from carekit.networks import BACKBONES, Parts
from carekit.networks.efficientnet_lite import efficientnet_lite0 as whole_efficientnet_lite0

BLOCKS = 11  # of EfficientNet-Lite0's 16


def small(pretrained: bool, frozen: bool) -> Parts:
    """The laptop's small network, whose maps are an eighth of the image anyway."""
    return BACKBONES.named("small")(2, pretrained)


def resnet18(pretrained: bool, frozen: bool) -> Parts:
    """ResNet18, its last two stages dilated."""
    return _dilated_resnet("resnet18", pretrained)


def resnet50(pretrained: bool, frozen: bool) -> Parts:
    """ResNet50, its last two stages dilated: the original's."""
    return _dilated_resnet("resnet50", pretrained)


def _dilated_resnet(name: str, pretrained: bool) -> Parts:
    parts = BACKBONES.named(name)(2, pretrained)
    third, fourth = list(parts.trunk.children())[-2:]
    for stage, dilation in ((third, 2), (fourth, 4)):
        for block in stage.children():
            _dilate(block, dilation)
    return parts


def _dilate(block: nn.Module, dilation: int) -> None:
    """Take the strides of a residual block away, in its body and in its shortcut, and widen its convolutions."""
    for layer in block.modules():
        if not isinstance(layer, nn.Conv2d):
            continue
        # A layer that loses its stride still sees its input as before: only later ones widen.
        wide = dilation // layer.stride[0]
        layer.stride = (1, 1)
        if layer.kernel_size[0] > 1:
            layer.dilation = (wide, wide)
            layer.padding = (wide, wide)


def efficientnet_lite0(pretrained: bool, frozen: bool) -> Parts:
    """EfficientNet-Lite0 up to its eleventh block, with 112 channels; all of it frozen, or none.

    Edges, colours and textures are the same in skin: where it is frozen, the head alone is trained, on maps that are
    made once.
    """
    parts = whole_efficientnet_lite0(2, pretrained, stride=8)
    cut = nn.Sequential(*list(parts.trunk.children())[: 1 + BLOCKS])  # the stem and the blocks
    return parts._replace(frozen=cut, trunk=nn.Identity()) if frozen else parts._replace(trunk=cut)


# Each takes `pretrained` and `frozen` (which only EfficientNet-Lite0 can be); the head of its parts is not used.
TRUNKS: Table[Callable[[bool, bool], Parts]] = Table(
    "trunk",
    {"small": small, "efficientnet_lite0": efficientnet_lite0, "resnet18": resnet18, "resnet50": resnet50},
)


def channels_of(parts: Parts) -> int:
    """How many channels the maps of a network have, by a probe."""
    layers = nn.Sequential(parts.frozen or nn.Identity(), parts.trunk)
    layers.eval()  # one image has nothing to say on a batch's statistics
    with torch.no_grad():
        channels = layers(torch.zeros(1, 3, 64, 64)).shape[1]
    layers.train()
    return channels
