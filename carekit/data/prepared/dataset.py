"""The prepared data set: one form for every source, in memory or as a folder on disk.

A folder holds images.npy, samples.csv, boxes.csv, facts.json and, where lesion masks are known, masks.npy.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, SupportsIndex

import numpy as np
import pandas as pd
from jaxtyping import Float, Int, UInt8
from PIL import Image

from carekit.data.prepared import files
from carekit.data.prepared.resizing import resize_image, resize_mask
from carekit.data.prepared.rows import Rows, choose_rows, open_rows
from carekit.data.prepared.schema import CORNERS, SPLITS, check_boxes, check_facts, check_images, check_samples
from carekit.ground.checksums import verify_once
from carekit.ground.folders import atomic_folder
from carekit.ground.messages import one_of

if TYPE_CHECKING:
    import torch

RowNumbers = Sequence[SupportsIndex] | np.ndarray


@dataclass(frozen=True, eq=False)
class Prepared:
    """Images with labels, groups, a split, boxes and facts; row i of samples is image i.

    Args:
        images: uint8 (n, s, s, 3).
        samples: a row for each image: image_id (unique), label (index into facts["classes"]), group (the lesion or
            patient) and split ("train" or "test").
        boxes: image_id, x0, y0, x1, y1 in pixels, half-open, x to the right and y down; no, one or many rows an image.
        facts: what `schema.NEEDED` names; rare lists the rarest class first.
        masks: uint8 0 or 1 (n, s, s), or None.

    Raises:
        ValueError: in one sentence, for whatever does not fit.
    """

    images: np.ndarray | Rows
    samples: pd.DataFrame
    boxes: pd.DataFrame
    facts: dict
    masks: np.ndarray | Rows | None = None
    _corners: np.ndarray = field(init=False, repr=False)  # of all boxes, those of one image next to each other
    _starts: np.ndarray = field(init=False, repr=False)  # where the boxes of image i begin among them

    def __post_init__(self) -> None:
        check_facts(self.facts)
        check_images(self.images, self.masks, self.samples, self.facts["size"])
        samples = check_samples(self.samples, self.facts["classes"])
        boxes, owners = check_boxes(self.boxes, samples.image_id)
        order = np.argsort(owners, kind="stable")
        self._set("samples", samples)
        self._set("boxes", boxes)
        self._set("_corners", boxes[CORNERS].to_numpy()[order])
        self._set("_starts", np.searchsorted(owners[order], np.arange(len(samples) + 1)))

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)  # while it is made, a frozen object may still be changed

    @classmethod
    def open(cls, path: str | Path) -> "Prepared":
        """Read a folder; the images stay on disk.

        Raises:
            FileNotFoundError: where it is no prepared data set, naming the file that is missing.
            ValueError: for a file that is damaged or does not fit, naming the folder.
        """
        path = Path(path).expanduser()
        for name in (files.IMAGES, files.SAMPLES, files.BOXES, files.FACTS):
            if not (path / name).is_file():
                raise FileNotFoundError(f"{path} has no {name}, so it is not a prepared data set: prepare it again")
        try:
            files.finish_boxes(path)
            return cls(
                images=open_rows(path / files.IMAGES),
                samples=files.read_table(path / files.SAMPLES),
                boxes=files.read_table(path / files.BOXES),
                facts=files.read_facts(path),
                masks=open_rows(path / files.MASKS) if (path / files.MASKS).exists() else None,
            )
        except (ValueError, EOFError) as error:
            raise ValueError(f"prepared data set {path}: {error}") from None

    def save(self, path: str | Path, overwrite: bool = False) -> "Prepared":
        """Write a folder, whole or not at all, and open it. Raises FileExistsError where it may not be replaced."""
        with atomic_folder(path, overwrite) as folder:
            files.write_array(folder / files.IMAGES, self.images)
            if self.masks is not None:
                files.write_array(folder / files.MASKS, self.masks)
            files.write_tables(folder, self.samples, self.boxes, self.facts)
        return Prepared.open(path)

    def verify(self) -> None:
        """Compare the files with the checksums made when they were saved. Raises ValueError naming one that differs."""
        if self.folder is None or "checksums" not in self.facts:
            raise ValueError("there are no checksums to compare with: save the data set and open it again")
        for name, expected in self.facts["checksums"].items():
            if files.checksum(self.folder, name) != expected:
                raise ValueError(f"{self.folder / name} is missing or was changed since it was saved: prepare it again")

    def verify_once(self) -> None:
        """As `verify`, where the files are not as they were when last verified, by size, time and inode.

        A data set without a folder or without checksums is taken as it is: its content names the results then.
        """
        if not self._checksums or self.folder is None:
            return
        verify_once(self.folder, self._checksums, self.verify)

    def __len__(self) -> int:
        return len(self.samples)

    @property
    def folder(self) -> Path | None:
        """The folder of the images, or None for images in memory."""
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
    def labels(self) -> Int[np.ndarray, " n"]:
        """Labels (n,), int64."""
        return self.samples.label.to_numpy()

    def counts(self) -> dict[str, int]:
        """Number of images of each class, in the order of the classes."""
        return dict(zip(self.classes, np.bincount(self.labels, minlength=len(self.classes)).tolist(), strict=True))

    def read(self, rows: RowNumbers) -> UInt8[np.ndarray, "n s s 3"]:
        """A copy of some images, uint8 (n, s, s, 3), of these rows (n,)."""
        return self.images[np.asarray(rows, dtype=np.int64)]

    def tensor(self, rows: RowNumbers) -> "torch.Tensor":
        """Some images as a model takes them: float (n, 3, s, s) in [0, 1], of these rows (n,)."""
        import torch  # here, since whoever prepares a data set has no need of it

        images = torch.from_numpy(self.read(rows))
        return images.permute(0, 3, 1, 2).float() / 255  # (n, s, s, 3) -> (n, 3, s, s)

    def read_masks(self, rows: RowNumbers) -> UInt8[np.ndarray, "n s s"]:
        """A copy of some lesion masks, uint8 0 or 1 (n, s, s). Raises ValueError where none are known."""
        if self.masks is None:
            raise ValueError(f"data set {self.facts['name']!r} has no lesion masks: use its boxes")
        return self.masks[np.asarray(rows, dtype=np.int64)]

    def boxes_of(self, i: SupportsIndex) -> Float[np.ndarray, "k 4"]:
        """The boxes of image i as they are in the table, float (k, 4) with k >= 0."""
        i = range(len(self))[i]  # a negative index counts from the end, one out of range raises IndexError
        return self._corners[self._starts[i] : self._starts[i + 1]]

    def checked_boxes(self, i: SupportsIndex) -> Float[np.ndarray, "k 4"]:
        """The boxes of image i, clipped to it, float (k, 4) with k >= 0.

        Raises:
            ValueError: for a box that lies outside its image, naming the image.
        """
        from carekit.method import boxes  # here, since torch comes with it

        name = f"image {self.samples.image_id.iloc[i]}"
        return boxes.check(self.boxes_of(i), (self.size, self.size), name)

    def row_numbers(self, rows: RowNumbers) -> Int[np.ndarray, " m"]:
        """The numbers of the given rows (indices or booleans)."""
        if not len(rows):
            return np.zeros(0, np.int64)
        return np.arange(len(self))[np.asarray(rows)]

    def take(self, rows: RowNumbers) -> "Prepared":
        """The given rows (indices or booleans) as a data set; no image is copied."""
        rows = self.row_numbers(rows)
        samples = self.samples.iloc[rows]
        boxes = self.boxes[self.boxes.image_id.isin(samples.image_id)]
        masks = None if self.masks is None else choose_rows(self.masks, rows)
        return replace(self, images=choose_rows(self.images, rows), samples=samples, boxes=boxes, masks=masks)

    def split(self, name: str) -> "Prepared":
        """The images for "train" or for "test"."""
        one_of("split", name, SPLITS)
        return self.take((self.samples.split == name).to_numpy())

    def capped(self, limit: int | None, seed: int = 0) -> "Prepared":
        """At most `limit` training and ceil(limit / 4) test images of each class, drawn by `seed`; None keeps all."""
        if limit is None:
            return self
        if limit < 1:
            raise ValueError(f"limit = {limit} leaves no image: choose at least 1 for each class")
        most = self.samples.split.map({"train": limit, "test": -(-limit // 4)}).to_numpy()
        shuffled = np.random.default_rng(seed).permutation(len(self))
        # Each image's number among those of its part and class, as they come in the shuffled order.
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
            images[i] = resize_image(Image.fromarray(self.images[i]), size)
            if masks is not None and self.masks is not None:
                masks[i] = resize_mask(self.masks[i], size)
        boxes = self.boxes.assign(**{corner: self.boxes[corner] * (size / self.size) for corner in CORNERS})
        # Checksums speak of the files, which have the old size.
        facts = {key: value for key, value in self.facts.items() if key != "checksums"} | {"size": size}
        return Prepared(images, self.samples, boxes, facts, masks)

    def fingerprint(self) -> str:
        """A hash of everything in the data set, to name results by."""
        return self._fingerprint

    def images_fingerprint(self) -> str:
        """A hash of what decides a training without boxes: images, their names, labels and split, classes and size."""
        return self._images_fingerprint

    @cached_property
    def _fingerprint(self) -> str:
        digest = hashlib.sha256(json.dumps(self.facts, sort_keys=True).encode())
        for table in (self.samples, self.boxes):
            digest.update(table.to_csv(index=False).encode())
        if not self._checksums:  # else those among the facts stand for the arrays
            self._add(self.images, digest)
            self._add(self.masks, digest)
        return digest.hexdigest()

    @cached_property
    def _images_fingerprint(self) -> str:
        about = {"classes": self.classes, "size": self.size, "images": self._checksums.get(files.IMAGES)}
        digest = hashlib.sha256(json.dumps(about, sort_keys=True).encode())
        digest.update(self.samples[["image_id", "label", "split"]].to_csv(index=False).encode())
        if not self._checksums:
            self._add(self.images, digest)
        return digest.hexdigest()

    @property
    def _checksums(self) -> dict[str, str]:
        """The checksums of the files, where the images are still in them."""
        if self.folder is None:
            return {}
        return self.facts.get("checksums", {})

    @staticmethod
    def _add(array: np.ndarray | Rows | None, digest: Any) -> None:
        if array is None:
            return
        for start in range(0, len(array), files.AT_ONCE):
            digest.update(np.ascontiguousarray(array[start : start + files.AT_ONCE]))
