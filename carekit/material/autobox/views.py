"""Pairs as the trained layers of a segmentation take them, in a random view each time.

Frozen layers would give the same maps in every epoch. They are computed once, of each image and of its mirror image.
"""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from tqdm import tqdm

from carekit.data.batches import to_unit
from carekit.material.autobox.deeplab import DeepLab
from carekit.material.autobox.pairs import Pairs

CHUNK = 32  # images at a time


class View(NamedTuple):
    """What the trained layers take, and the masks to learn."""

    early: Float[Tensor, "b k u v"]
    masks: Bool[Tensor, "b h w"]


class Views:
    """The views of some pairs: for a network that is trained as a whole all eight ways to flip and turn a square.

    Behind frozen layers there are two: as it is, and mirrored. Their maps are kept in 16 bits.
    """

    def __init__(self, model: DeepLab, pairs: Pairs, progress: bool = False):
        self.model = model
        self.pairs = pairs
        self.maps = None
        if model.frozen is not None:
            rows = torch.arange(len(self)).split(CHUNK)
            chunks = tqdm(rows, "frozen layers", unit="chunk", disable=not progress)
            self.maps = torch.cat([self._frozen_maps(chunk) for chunk in chunks])  # (n, 2, k, u, v)

    def __len__(self) -> int:
        return len(self.pairs.images)

    @torch.no_grad()
    def _frozen_maps(self, rows: Tensor) -> Float[Tensor, "b 2 k u v"]:
        images = to_unit(self.pairs.images[rows])  # (b, 3, h, w)
        return torch.stack([self.model.early(images), self.model.early(images.flip(-1))], 1).half()

    def plain(self, rows: Tensor) -> View:
        """Some pairs as they are."""
        images, masks = self.pairs.take(rows)
        if self.maps is not None:
            return View(self.maps[rows, 0].float(), masks)
        return self._whole(images, masks)

    def random(self, rows: Tensor) -> View:
        """Some pairs, flipped or turned in a way that is drawn from torch's generator."""
        images, masks = self.pairs.take(rows)
        if self.maps is not None:
            mirrored = torch.randint(2, rows.shape)  # (b)
            turned = torch.where(mirrored[:, None, None] == 1, masks.flip(-1), masks)
            return View(self.maps[rows, mirrored].float(), turned)
        across, down, turn = (torch.rand(3) < 0.5).tolist()
        for axis in [-1] * across + [-2] * down:
            images = images.flip(axis)
            masks = masks.flip(axis)
        if turn:
            images = images.mT
            masks = masks.mT
        return self._whole(images, masks)

    def _whole(self, images: Tensor, masks: Tensor) -> View:
        early = self.model.early(to_unit(images))  # normalised, as nothing is frozen
        return View(early.contiguous(memory_format=torch.channels_last), masks)
