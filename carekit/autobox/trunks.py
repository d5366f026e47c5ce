"""The trunks that DeepLabV3 can stand on: images to maps of an eighth of their size."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import nn

from carekit.backbones import BACKBONES, Parts
from carekit.tables import Table

STRIDE = 8  # an image's side over that of its maps


class Trunk(NamedTuple):
    """A backbone's name, and how its trunk is changed to make maps of an eighth of the image."""

    backbone: str
    change: Callable[[nn.Module], nn.Module]


def dilate(trunk: nn.Module) -> nn.Module:
    """Change a trunk in place so that its maps are an eighth of the image: later strides become dilations.

    For a trunk whose strided convolutions follow one another, as in EfficientNet or VGG.
    """
    reached = 1
    dilation = 1
    for layer in trunk.modules():
        if not isinstance(layer, nn.Conv2d):
            continue
        step = layer.stride[0]
        before = dilation  # a layer that loses its stride still sees its input as before: only later ones widen
        if reached * step > STRIDE:
            dilation *= step
            layer.stride = (1, 1)
        else:
            reached *= step
        if before > 1 and layer.kernel_size[0] > 1:
            layer.dilation = (before, before)
            layer.padding = tuple((size // 2) * before for size in layer.kernel_size)
    return trunk


def _as_it_is(trunk: nn.Module) -> nn.Module:
    return trunk


def _dilate_resnet(trunk: nn.Module) -> nn.Module:
    """The last two of a ResNet's four stages; each begins with a block whose shortcut is strided as well."""
    for stage, dilation in ((trunk[-2], 2), (trunk[-1], 4)):
        for number, block in enumerate(stage):
            before = dilation // 2 if number == 0 else dilation
            for layer in block.modules():
                if isinstance(layer, nn.Conv2d):
                    layer.stride = (1, 1)
                    if layer.kernel_size[0] > 1:
                        layer.dilation = (before, before)
                        layer.padding = (before, before)
    return trunk


TRUNKS: Table[Trunk] = Table(
    "trunk",
    {
        "small": Trunk("small", _as_it_is),
        "resnet18": Trunk("resnet18", _dilate_resnet),
        "resnet50": Trunk("resnet50", _dilate_resnet),
    },
)


def trunk_parts(name: str, pretrained: bool) -> tuple[Parts, int]:
    """A trunk with maps of an eighth of the image, and how many channels these have. Raises as `build_deeplab`."""
    chosen = TRUNKS.named(name)
    parts = BACKBONES.named(chosen.backbone)(2, pretrained)
    trunk = chosen.change(parts.trunk)
    trunk.eval()  # a probe of one image has nothing to say on a batch's statistics
    with torch.no_grad():
        channels = trunk(torch.zeros(1, 3, 64, 64)).shape[1]
    trunk.train()
    return parts._replace(trunk=trunk), channels
