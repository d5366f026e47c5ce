"""The prepared data set: one form for every source, in memory or as a folder on disk.

A folder holds images.npy, samples.csv, boxes.csv, facts.json and, where lesion masks are known, masks.npy.
"""

import hashlib
import json
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import SupportsIndex

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor

from carekit import boxes
from carekit.data.checks import CORNERS, SPLITS, check_facts, check_images, checked_boxes, checked_samples
from carekit.data.files import sha256
from carekit.data.folders import atomic_folder
from carekit.data.pixels import resize, resize_mask
from carekit.data.rows import IMAGES, MASKS, Rows, choose, open_rows

SAMPLES, BOXES, FACTS = "samples.csv", "boxes.csv", "facts.json"
BLOCK = 256  # images held in memory at a time


@dataclass(frozen=True, eq=False)
class Prepared:
    """Images with labels, groups, a split, boxes and facts; row i of samples is image i.

    images: uint8 (n, s, s, 3). samples: image_id (unique), label (index into facts["classes"]), group (the lesion or
    patient), split ("train" or "test"). boxes: image_id, x0, y0, x1, y1 in pixels, half-open, x to the right and y
    down; no, one or many rows an image. facts: checks.NEEDED; rare lists the rarest class first. masks: uint8 0 or 1
    (n, s, s), or None. Raises ValueError, in one sentence, for whatever does not fit.
    """

    images: np.ndarray | Rows
    samples: pd.DataFrame
    boxes: pd.DataFrame
    facts: dict
    masks: np.ndarray | Rows | None = None

    def __post_init__(self):
        check_facts(self.facts)
        check_images(self.images, self.masks, self.samples, self.facts["size"])
        samples = checked_samples(self.samples, self.facts["classes"])
        boxes, owners = checked_boxes(self.boxes, samples.image_id)
        order = np.argsort(owners, kind="stable")
        self.__dict__.update(
            samples=samples,
            boxes=boxes,
            _corners=boxes[CORNERS].to_numpy()[order],
            _starts=np.searchsorted(owners[order], np.arange(len(samples) + 1)),
        )

    @classmethod
    def open(cls, path: str | Path) -> "Prepared":
        """Read a folder; the images stay on disk. Raises FileNotFoundError or ValueError, naming the folder."""
        path = Path(path).expanduser()
        for name in (IMAGES, SAMPLES, BOXES, FACTS):
            if not (path / name).is_file():
                raise FileNotFoundError(f"{path} has no {name}, so it is not a prepared data set: prepare it again")
        try:
            facts = json.loads((path / FACTS).read_text(encoding="utf-8"))
            masks = open_rows(path / MASKS) if (path / MASKS).exists() else None
            return cls(open_rows(path / IMAGES), _table(path / SAMPLES), _table(path / BOXES), facts, masks)
        except (ValueError, EOFError) as error:
            raise ValueError(f"prepared data set {path}: {error}") from None

    def save(self, path: str | Path, overwrite: bool = False) -> "Prepared":
        """Write a folder, whole or not at all, and open it. Raises FileExistsError where it may not be replaced."""
        with atomic_folder(path, overwrite) as folder:
            for name, array in ((IMAGES, self.images), (MASKS, self.masks)):
                if array is not None:
                    _write(folder / name, array)
            write_tables(folder, self.samples, self.boxes, self.facts)
        return Prepared.open(path)

    def verify(self) -> None:
        """Compare the files with the checksums made when they were saved. Raises ValueError naming one that differs."""
        if self.folder is None or "checksums" not in self.facts:
            raise ValueError("there are no checksums to compare with: save the data set and open it again")
        for name, expected in self.facts["checksums"].items():
            if not (self.folder / name).is_file() or sha256(self.folder / name) != expected:
                raise ValueError(f"{self.folder / name} is missing or was changed since it was saved: prepare it again")

    def __len__(self) -> int:
        return len(self.samples)

    @property
    def folder(self) -> Path | None:
        """Where the images lie, or None for images in memory."""
        return self.images.folder if isinstance(self.images, Rows) else None

    @property
    def classes(self) -> list[str]:
        """Short class names; a label is an index into them."""
        return self.facts["classes"]

    @property
    def rare(self) -> list[str]:
        """The classes to attend to, rarest first."""
        return self.facts["rare"]

    @property
    def size(self) -> int:
        """Height and width of the images in pixels."""
        return self.facts["size"]

    @property
    def labels(self) -> np.ndarray:
        """Labels (n,), int64."""
        return self.samples.label.to_numpy()

    def counts(self) -> dict[str, int]:
        """Number of images of each class, in the order of the classes."""
        return dict(zip(self.classes, np.bincount(self.labels, minlength=len(self.classes)).tolist(), strict=True))

    def read(self, indices) -> np.ndarray:
        """A copy of some images, uint8 (b, s, s, 3)."""
        return self.images[np.asarray(indices, dtype=np.int64)]

    def read_masks(self, indices) -> np.ndarray:
        """A copy of some lesion masks, uint8 0 or 1 (b, s, s). Raises ValueError where none are known."""
        if self.masks is None:
            raise ValueError(f"data set {self.facts['name']!r} has no lesion masks: use its boxes")
        return self.masks[np.asarray(indices, dtype=np.int64)]

    def boxes_of(self, i: SupportsIndex) -> np.ndarray:
        """The boxes of image i, float (k, 4) with k >= 0."""
        i = range(len(self))[i]  # a negative index counts from the end, one out of range raises IndexError
        return self._corners[self._starts[i] : self._starts[i + 1]]

    def checked_boxes(self, i: SupportsIndex) -> np.ndarray:
        """The boxes of image i, clipped to it. Raises ValueError, naming the image, for one wholly outside."""
        return boxes.check(self.boxes_of(i), (self.size, self.size), self.samples.image_id.iloc[i])

    def tensor(self, rows) -> Float[Tensor, "n 3 h w"]:
        """Some images for a network, in [0, 1]."""
        return torch.from_numpy(self.read(rows)).permute(0, 3, 1, 2) / 255  # (n, h, w, 3) -> (n, 3, h, w)

    def images_fingerprint(self) -> str:
        """A hash of images, labels, classes and split alone: what is learned from without a box."""
        return self._images_fingerprint

    @cached_property
    def _images_fingerprint(self) -> str:
        facts = {name: self.facts[name] for name in ("classes", "size")}
        columns = self.samples[["image_id", "label", "split"]]
        digest = hashlib.sha256(json.dumps(facts).encode() + columns.to_csv(index=False).encode())
        checksum = self.facts.get("checksums", {}).get(IMAGES) if self.folder is not None else None
        if checksum is not None:
            digest.update(checksum.encode())
        else:
            for start in range(0, len(self), BLOCK):
                digest.update(np.ascontiguousarray(self.images[start : start + BLOCK]))
        return digest.hexdigest()

    def take(self, rows) -> "Prepared":
        """The given rows (indices or booleans) as a data set; no image is copied."""
        rows = np.arange(len(self))[np.asarray(rows) if len(rows) else []]
        samples = self.samples.iloc[rows]
        boxes = self.boxes[self.boxes.image_id.isin(samples.image_id)]
        images, masks = (choose(array, rows) for array in (self.images, self.masks))
        return replace(self, images=images, samples=samples, boxes=boxes, masks=masks)

    def split(self, name: str) -> "Prepared":
        """The images for "train" or for "test"."""
        if name not in SPLITS:
            raise ValueError(f"split {name!r} is unknown: choose 'train' or 'test'")
        return self.take((self.samples.split == name).to_numpy())

    def capped(self, limit: int | None, seed: int = 0) -> "Prepared":
        """At most `limit` training and ceil(limit / 4) test images of each class, drawn by `seed`; None keeps all."""
        if limit is None:
            return self
        if limit < 1:
            raise ValueError(f"limit = {limit} leaves no image: choose at least 1 for each class")
        most = self.samples.split.map({"train": limit, "test": -(-limit // 4)}).to_numpy()
        shuffled = np.random.default_rng(seed).permutation(len(self))
        turn = self.samples.iloc[shuffled].groupby(["split", "label"]).cumcount().sort_index().to_numpy()
        return self.take(turn < most)

    def resized(self, size: int) -> "Prepared":
        """The data set at `size` x `size` pixels, in memory; itself where it has that size already."""
        if size == self.size:
            return self
        if size < 8:
            raise ValueError(f"size = {size} is too small for an image: choose at least 8 pixels")
        images = np.empty((len(self), size, size, 3), np.uint8)
        masks = None if self.masks is None else np.empty((len(self), size, size), np.uint8)
        for i in range(len(self)):
            images[i] = resize(Image.fromarray(self.images[i]), size)
            if masks is not None:
                masks[i] = resize_mask(self.masks[i], size)
        boxes = self.boxes.assign(**{corner: self.boxes[corner] * (size / self.size) for corner in CORNERS})
        # Checksums speak of the files, which have the old size.
        facts = {key: value for key, value in self.facts.items() if key != "checksums"} | {"size": size}
        return Prepared(images, self.samples, boxes, facts, masks)

    def fingerprint(self) -> str:
        """A hash of everything in the data set, to name results by."""
        return self._fingerprint

    @cached_property
    def _fingerprint(self) -> str:
        digest = hashlib.sha256(json.dumps(self.facts, sort_keys=True).encode())
        for table in (self.samples, self.boxes):
            digest.update(table.to_csv(index=False).encode())
        if self.folder is None or "checksums" not in self.facts:  # else the checksums among the facts stand for them
            for array in (self.images, self.masks):
                for start in range(0, 0 if array is None else len(self), BLOCK):
                    digest.update(np.ascontiguousarray(array[start : start + BLOCK]))
        return digest.hexdigest()


def write_tables(folder: Path, samples: pd.DataFrame, boxes: pd.DataFrame, facts: dict) -> None:
    """Write samples.csv, boxes.csv and, with the checksums of what lies in the folder, facts.json.

    Raises ValueError where a folder does not fit together, so that none takes its place that cannot be opened.
    """
    for name, table in ((SAMPLES, samples), (BOXES, boxes)):
        table.to_csv(folder / name, index=False, lineterminator="\n", encoding="utf-8")
    names = [name for name in (IMAGES, MASKS, SAMPLES, BOXES) if (folder / name).exists()]
    facts = facts | {"checksums": {name: sha256(folder / name) for name in names}}
    (folder / FACTS).write_text(json.dumps(facts, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    Prepared.open(folder)


def _write(path: Path, array: np.ndarray | Rows) -> None:
    file = np.lib.format.open_memmap(path, "w+", np.uint8, array.shape)
    for start in range(0, len(array), BLOCK):
        file[start : start + BLOCK] = array[start : start + BLOCK]


def _table(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, dtype=str, keep_default_na=False)
