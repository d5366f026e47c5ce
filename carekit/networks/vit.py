"""Vision transformers (Dosovitskiy et al. 2021) whose patches stay a grid, so that they are feature maps.

Between the blocks a patch keeps its row and column: (b, u, v, k). No class token: the scores are the mean over all
patches and one linear layer, so that a map of a class is that of any other network. But a patch may have looked
everywhere: what lights up is where a patch *says* the class, and not surely where it saw it.
"""

from collections import OrderedDict

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from carekit.networks.backbone import Parts, PooledLinear
from carekit.networks.efficientnet_lite import first_blocks

LONGEST = 10_000.0  # of the wavelengths of the positions


def small_vit(n_classes: int, imagenet: bool, *, patch: int = 8, width: int = 96, depth: int = 4) -> Parts:
    """A transformer of our own size, trained from scratch: 8 x 8 maps from 64 px, 12 x 12 from 96 px.

    Args:
        n_classes: how many classes there are.
        imagenet: it has no such weights.
        patch: pixels of a patch's side, which is a cell of the map.
        width: channels, a multiple of 4.
        depth: blocks.

    Raises:
        ValueError: for `imagenet`.
    """
    if imagenet:
        raise ValueError("the small transformer has no ImageNet weights: choose imagenet=False")
    patches = Patches(nn.Conv2d(3, width, patch, stride=patch))
    return Parts(_blocks(patches, width, depth), PooledLinear(width, n_classes))


def efficientnet_lite0_vit(
    n_classes: int, imagenet: bool, *, blocks: int = 6, width: int = 96, depth: int = 2
) -> Parts:
    """A hybrid: the first blocks of EfficientNet-Lite0, frozen, and a transformer on the cells of their map.

    What is before it can be kept (`carekit.training.cached`), as of `efficientnet_lite0_early`.

    Args:
        n_classes: how many classes there are.
        imagenet: take the frozen blocks' weights from ImageNet.
        blocks: how many of Lite0's, 1 to 16.
        width, depth: of the transformer, as in `small_vit`.

    Raises:
        ValueError, RuntimeError: as `efficientnet_lite0`.
    """
    frozen, channels, (mean, std) = first_blocks(blocks, imagenet)
    patches = Patches(nn.Conv2d(channels, width, 1))
    return Parts(_blocks(patches, width, depth), PooledLinear(width, n_classes), mean, std, frozen)


def _blocks(patches: nn.Module, width: int, depth: int) -> nn.Sequential:
    layers: list[tuple[str, nn.Module]] = [("patches", patches)]
    layers += [(f"block{i + 1}", Block(width, heads=4)) for i in range(depth)]
    return nn.Sequential(OrderedDict([*layers, ("norm", nn.LayerNorm(width)), ("maps", ChannelsFirst())]))


class Patches(nn.Module):
    """Each patch as a vector, by a convolution, and where it is, by waves over rows and columns."""

    def __init__(self, convolution: nn.Conv2d):
        super().__init__()
        self.convolution = convolution

    def forward(self, images: Float[Tensor, "b c h w"]) -> Float[Tensor, "b u v k"]:
        patches = self.convolution(images).permute(0, 2, 3, 1)  # (b, k, u, v) -> (b, u, v, k)
        _, u, v, k = patches.shape
        return patches + positions(u, v, k).to(patches)


def positions(u: int, v: int, k: int) -> Float[Tensor, "u v k"]:
    """Sines and cosines of row and column, a quarter of the channels each, of any grid."""
    waves = LONGEST ** -(torch.arange(k // 4) / (k // 4))  # (k / 4,)
    rows = (torch.arange(u)[:, None] * waves)[:, None].expand(u, v, k // 4)  # (u, k / 4) -> (u, v, k / 4)
    columns = (torch.arange(v)[:, None] * waves)[None].expand(u, v, k // 4)  # (v, k / 4) -> (u, v, k / 4)
    return torch.cat([rows.sin(), rows.cos(), columns.sin(), columns.cos()], 2)


class Block(nn.Module):
    """A block with its normalisations first: look at all patches, then think about each."""

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.attention = Attention(width, heads)
        self.norm2 = nn.LayerNorm(width)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attention(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class Attention(nn.Module):
    """Self-attention among the patches of an image, in several heads (Vaswani et al. 2017)."""

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.asked = nn.Linear(width, 3 * width)
        self.answer = nn.Linear(width, width)

    def forward(self, x: Float[Tensor, "b u v k"]) -> Float[Tensor, "b u v k"]:
        parts = self.asked(x).flatten(1, 2).unflatten(2, (3, self.heads, -1))  # (b, u, v, 3 k) -> (b, t, 3, m, k / m)
        query, key, value = parts.permute(2, 0, 3, 1, 4)  # each (b, m, t, k / m)
        seen = functional.scaled_dot_product_attention(query, key, value)
        return self.answer(seen.transpose(1, 2).reshape(x.shape))  # (b, m, t, k / m) -> (b, u, v, k)


class ChannelsFirst(nn.Module):
    """(b, u, v, k) -> (b, k, u, v)."""

    def forward(self, x: Float[Tensor, "b u v k"]) -> Float[Tensor, "b k u v"]:
        return x.permute(0, 3, 1, 2)
