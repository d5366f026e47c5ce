"""Features on disk: a folder for a set of images, checked when it is read, and where those of an image are found."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Int, UInt8

from carekit.data.kept import KeptFeatures
from carekit.data.prepared import Prepared
from carekit.data.prepared.rows import open_rows
from carekit.ground.checksums import sha256, verify_once
from carekit.ground.plain_json import parse

FEATURES, PIXELS, ABOUT = "features.npy", "pixels.npy", "features.json"
_CHECKSUMS = {"checksum": FEATURES, "pixels": PIXELS}  # what the notes call the checksum of a file
_AT_ONCE = 64  # images


def finish(folder: Path, data: Prepared, about: Mapping[str, Any]) -> None:
    """Put beside the features of these images what their pixels are and, last, the notes that make the folder one."""
    parts = [_digests(data, np.arange(i, min(i + _AT_ONCE, len(data)))) for i in range(0, len(data), _AT_ONCE)]
    np.save(folder / PIXELS, np.concatenate(parts))
    found = dict(about) | {name: sha256(folder / file) for name, file in _CHECKSUMS.items()}
    (folder / ABOUT).write_text(json.dumps(found), encoding="utf-8")


def read_folder(path: Path, about: Mapping[str, Any]) -> KeptFeatures:
    """The features in a folder, if they are what `about` says. Raises ValueError, naming the folder, otherwise."""
    try:
        found = _notes(path)
        rows = open_rows(path / FEATURES)
        checksums = {file: str(found.pop(name)) for name, file in _CHECKSUMS.items() if name in found}
        verify_once(path, checksums, lambda: _verify(path, checksums))
    except (OSError, ValueError, TypeError) as error:
        raise ValueError(f"the features in {path} are damaged ({error}): delete the folder") from None
    if found != about or FEATURES not in checksums or len(rows) != about["n"] * about["flips"]:
        raise ValueError(f"the features in {path} are of other images or weights: delete the folder")
    return KeptFeatures(rows, about["flips"])


def _notes(path: Path) -> dict[str, Any]:
    return dict(parse((path / ABOUT).read_text(encoding="utf-8")))


def _verify(path: Path, checksums: Mapping[str, str]) -> None:
    for file, checksum in checksums.items():
        if sha256(path / file) != checksum:
            raise ValueError(f"{file} was changed since it was made")


class KnownFeatures:
    """Where the features of an image are, by its pixels, in the sets that were kept before.

    Args:
        place: the folder of all sets.
        about: of the new set; others count that are behind the same layers, in as many flips.
    """

    def __init__(self, place: Path, about: Mapping[str, Any]):
        self._places: dict[bytes, tuple[KeptFeatures, int]] = {}
        for folder, kept in _others(place, about):
            for row, digest in enumerate(open_rows(folder / PIXELS)[:]):
                self._places[digest.tobytes()] = kept, row

    def of(
        self, data: Prepared, rows: Int[np.ndarray, " m"], flips: int
    ) -> Iterator[tuple[int, Float[np.ndarray, "flips k u v"]]]:
        """Of those of these rows that are known: the place in `rows`, and the features of each flip."""
        for place, digest in enumerate(_digests(data, rows) if self._places else ()):
            kept, row = self._places.get(digest.tobytes(), (None, 0))
            if kept is not None:
                yield place, kept.read(np.full(flips, row), np.arange(flips)).numpy()


def _others(place: Path, about: Mapping[str, Any]) -> Iterator[tuple[Path, KeptFeatures]]:
    """What is damaged is passed over here: it is told to whoever asks for it."""
    for folder in sorted(path.parent for path in place.glob(f"*/{ABOUT}")):
        try:
            found = _notes(folder)
            own = {name: found[name] for name in about}
            fits = own["weights"] == about["weights"] and own["flips"] >= about["flips"]
            if fits and "pixels" in found:
                yield folder, read_folder(folder, own)
        except (OSError, ValueError, TypeError, KeyError):
            continue


def _digests(data: Prepared, rows: Int[np.ndarray, " m"]) -> UInt8[np.ndarray, "m 16"]:
    """What tells the pixels of an image from all others."""
    found = [hashlib.blake2b(image.tobytes(), digest_size=16).digest() for image in data.read(rows)]
    return np.frombuffer(b"".join(found), np.uint8).reshape(-1, 16)
