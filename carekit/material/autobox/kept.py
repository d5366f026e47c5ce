"""What a segmentation is trained on: pairs, flipped and turned at random, past the layers that are frozen.

Frozen layers would make the same maps in every epoch. They are made once, for two ways to look at each image.
"""

from abc import ABC, abstractmethod

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from tqdm import tqdm

from carekit.material.autobox.deeplab import DeepLab
from carekit.material.autobox.pairs import Pairs

CHUNK = 32  # images at a time
WAYS = 2  # as it is, and flipped left to right


class Kept(ABC):
    """Pairs as the trained layers take them: what comes before these layers, and masks."""

    def __init__(self, model: DeepLab, pairs: Pairs):
        self.model = model
        self.pairs = pairs

    def __len__(self) -> int:
        return len(self.pairs.images)

    @abstractmethod
    def plain(self, rows: Tensor) -> tuple[Float[Tensor, "b k u v"], Bool[Tensor, "b h w"]]:
        """Some pairs as they are."""

    @abstractmethod
    def turned(self, rows: Tensor) -> tuple[Float[Tensor, "b k u v"], Bool[Tensor, "b h w"]]:
        """Some pairs, flipped or turned in a way that is drawn from torch's generator."""


class Whole(Kept):
    """For a network that is trained as a whole: images, in the eight ways to flip and turn a square."""

    def plain(self, rows: Tensor) -> tuple[Float[Tensor, "b 3 h w"], Bool[Tensor, "b h w"]]:
        return self._early(self.pairs.images[rows]), self.pairs.masks[rows]

    def turned(self, rows: Tensor) -> tuple[Float[Tensor, "b 3 h w"], Bool[Tensor, "b h w"]]:
        images = self.pairs.images[rows]
        masks = self.pairs.masks[rows]
        across, down, turn = (torch.rand(3) < 0.5).tolist()
        for axis in [-1] * across + [-2] * down:
            images = images.flip(axis)
            masks = masks.flip(axis)
        return (self._early(images.mT), masks.mT) if turn else (self._early(images), masks)

    def _early(self, images: Tensor) -> Float[Tensor, "b 3 h w"]:
        return self.model.early(images.float() / 255).contiguous(memory_format=torch.channels_last)


class Frozen(Kept):
    """For a network with frozen layers: their maps, in 16 bits, of each image and of its mirror image."""

    def __init__(self, model: DeepLab, pairs: Pairs, progress: bool = False):
        super().__init__(model, pairs)
        chunks = tqdm(torch.arange(len(self)).split(CHUNK), "frozen layers", unit="chunk", disable=not progress)
        self.maps = torch.cat([self._made(rows) for rows in chunks])  # (n, 2, k, u, v)

    @torch.no_grad()
    def _made(self, rows: Tensor) -> Tensor:
        images = self.pairs.images[rows].float() / 255  # (b, 3, h, w)
        ways = [self.model.early(images), self.model.early(images.flip(-1))]
        return torch.stack(ways, 1).half()  # (b, 2, k, u, v)

    def plain(self, rows: Tensor) -> tuple[Float[Tensor, "b k u v"], Bool[Tensor, "b h w"]]:
        return self.maps[rows, 0].float(), self.pairs.masks[rows]

    def turned(self, rows: Tensor) -> tuple[Float[Tensor, "b k u v"], Bool[Tensor, "b h w"]]:
        ways = torch.randint(WAYS, rows.shape)
        masks = self.pairs.masks[rows]
        return self.maps[rows, ways].float(), torch.where(ways[:, None, None] == 1, masks.flip(-1), masks)


def kept(model: DeepLab, pairs: Pairs, progress: bool = False) -> Kept:
    """Pairs as the trained layers of a network take them."""
    return Whole(model, pairs) if model.frozen is None else Frozen(model, pairs, progress)
