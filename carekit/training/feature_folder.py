"""Features on disk: a folder for a set of images, checked when it is read, and the features of each known image."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Int, UInt8

from carekit.data.prepared import Prepared
from carekit.data.prepared.rows import Rows, open_rows
from carekit.ground.checksums import sha256, verify_once
from carekit.ground.plain_json import parse

FEATURES, PIXELS, ABOUT = "features.npy", "pixels.npy", "features.json"
_CHECKSUMS = {"checksum": FEATURES, "pixels": PIXELS}  # what the notes call the checksum of a file
_AT_ONCE = 64  # images


def finish(folder: Path, data: Prepared, about: Mapping[str, Any]) -> None:
    """Write hashes of these images' pixels next to their features and, last, the notes that make the folder one."""
    parts = [_digests(data, np.arange(i, min(i + _AT_ONCE, len(data)))) for i in range(0, len(data), _AT_ONCE)]
    np.save(folder / PIXELS, np.concatenate(parts))
    notes = dict(about) | {name: sha256(folder / file) for name, file in _CHECKSUMS.items()}
    (folder / ABOUT).write_text(json.dumps(notes), encoding="utf-8")


def read_folder(path: Path, about: Mapping[str, Any]) -> Rows:
    """The features in a folder, if they are what `about` says. Raises ValueError, naming the folder, otherwise."""

    def verify() -> None:
        for file, checksum in checksums.items():
            if sha256(path / file) != checksum:
                raise ValueError(f"{file} was changed since it was made")

    try:
        notes = _read_notes(path)
        features = open_rows(path / FEATURES)
        checksums = {file: str(notes.pop(name)) for name, file in _CHECKSUMS.items() if name in notes}
        verify_once(path, checksums, verify)
    except (OSError, ValueError, TypeError) as error:
        raise ValueError(f"the features in {path} are damaged ({error}): delete the folder") from None
    if notes != about or FEATURES not in checksums or len(features) != about["n"] * about["flips"]:
        raise ValueError(f"the features in {path} are of other images or weights: delete the folder")
    return features


def _read_notes(path: Path) -> dict[str, Any]:
    return dict(parse((path / ABOUT).read_text(encoding="utf-8")))


class KnownFeatures:
    """The features of images that other folders hold already, found by the images' pixels.

    A damaged folder is left out: it is reported when its own images are asked for.

    Args:
        place: the folder of all folders.
        about: the notes of the new one; others count that are behind the same layers, in as many flips or more.
    """

    def __init__(self, place: Path, about: Mapping[str, Any]):
        self._places: dict[bytes, tuple[Rows, int]] = {}  # hash of an image -> features, and the first row of its own
        for folder in sorted(path.parent for path in place.glob(f"*/{ABOUT}")):
            try:
                notes = _read_notes(folder)
                own = {name: notes[name] for name in about}
                if own["weights"] != about["weights"] or own["flips"] < about["flips"] or "pixels" not in notes:
                    continue
                features = read_folder(folder, own)
                digests = open_rows(folder / PIXELS)[:]
            except (OSError, ValueError, TypeError, KeyError):
                continue
            for image, digest in enumerate(digests):
                self._places[digest.tobytes()] = features, image * own["flips"]

    def of(
        self, data: Prepared, rows: Int[np.ndarray, " m"], flips: int
    ) -> Iterator[tuple[int, Float[np.ndarray, "flips k u v"]]]:
        """Of those of these rows that are known: the place in `rows`, and the features of each flip."""
        for place, digest in enumerate(_digests(data, rows) if self._places else ()):
            if digest.tobytes() in self._places:
                features, first = self._places[digest.tobytes()]
                yield place, features[first : first + flips]


def _digests(data: Prepared, rows: Int[np.ndarray, " m"]) -> UInt8[np.ndarray, "m 16"]:
    """A hash of the pixels of each image."""
    digests = [hashlib.blake2b(image.tobytes(), digest_size=16).digest() for image in data.read(rows)]
    return np.frombuffer(b"".join(digests), np.uint8).reshape(-1, 16)
