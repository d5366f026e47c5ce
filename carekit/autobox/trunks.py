"""The trunks that DeepLabV3 can stand on: images to maps of an eighth of their size."""

from collections.abc import Callable

import torch
from torch import nn

from carekit.backbones import BACKBONES, Parts
from carekit.tables import Table


def small(pretrained: bool) -> Parts:
    """The laptop's small network, whose maps are an eighth of the image anyway."""
    return BACKBONES.named("small")(2, pretrained)


def resnet18(pretrained: bool) -> Parts:
    """ResNet18, its last two stages dilated."""
    return _dilated_resnet("resnet18", pretrained)


def resnet50(pretrained: bool) -> Parts:
    """ResNet50, its last two stages dilated: the original's."""
    return _dilated_resnet("resnet50", pretrained)


def _dilated_resnet(name: str, pretrained: bool) -> Parts:
    parts = BACKBONES.named(name)(2, pretrained)
    for stage, dilation in ((parts.trunk[-2], 2), (parts.trunk[-1], 4)):
        for block in stage:
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


# Each takes `pretrained` and gives the parts of a network, of which the head is not used.
TRUNKS: Table[Callable[[bool], Parts]] = Table("trunk", {"small": small, "resnet18": resnet18, "resnet50": resnet50})


def channels_of(trunk: nn.Module) -> int:
    """How many channels a trunk's maps have, by a probe."""
    trunk.eval()  # one image has nothing to say on a batch's statistics
    with torch.no_grad():
        channels = trunk(torch.zeros(1, 3, 64, 64)).shape[1]
    trunk.train()
    return channels
