"""Which image a name means, or an annotation's file belongs to: by path, never by guess."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from functools import cache
from pathlib import PurePosixPath
from urllib.parse import unquote

from carekit.ground.messages import similar
from carekit.material.intake.sources.decoding import ENDINGS

# Folders that say what lies in them, and not which of several sets it belongs to.
NEUTRAL = {"images", "image", "imgs", "img", "jpegimages", "pictures", "photos", "labels", "label", "annotations"}
NEUTRAL |= {"annotation", "ann", "anns", "xml", "xmls", "json", "jsons", "txt", "bbox", "bboxes", "boxes", "masks"}
NEUTRAL |= {"mask", "segmentation", "segmentations", "segmentationclass", "data", "obj_train_data", "."}
_FOREIGN = re.compile(r"^(/|[A-Za-z]:/|\.\./|https?:)")  # a path on somebody else's machine

Path = tuple[str, ...]


class Images:
    """The images of a source, found by the names that others give them.

    Names are compared in Unicode's composed form and without regard to case. A name with a folder means the image whose
    path ends so, or one whose own path the name ends with; folders such as images/ and labels/ do not count.
    """

    def __init__(self, files: Iterable[str]):
        self.files = list(files)
        self._parts = {file: _parts(file) for file in self.files}
        self._by_base: dict[str, list[str]] = defaultdict(list)
        for file, parts in self._parts.items():
            last = parts[-1]
            for key in {last, without_ending(last)}:
                self._by_base[key].append(file)
        self._claims: dict[tuple[str, str], Path] = {}
        self.folders = {parts[:-1] for parts in self._parts.values()}

    def named(self, name: str, near: str = "") -> str:
        """The image that a table or an annotation means by `name`, "" where there is none or more than one.

        Args:
            near: the file that the name stands in: a path may begin at its folder.
        """
        name = clean(name)
        parts = _parts(name)
        for found in (self._by_base.get(parts[-1], []), self._by_base.get(without_ending(parts[-1]), [])):
            exact = [file for file in found if file == name] or [file for file in found if self._parts[file] == parts]
            beside = [file for file in found if self._parts[file] == _folder(near) + parts]
            bare = found if len(parts) == 1 else []
            suffix = [file for file in found if _agree(self._parts[file][:-1], parts[:-1])]
            for fitting in (exact, beside, bare):
                if len(fitting) == 1:
                    return fitting[0]
            if len(suffix) == 1 or len(found) == 1 and _FOREIGN.match(name):
                return self._claim((suffix or found)[0], parts[:-1], near)
        return ""

    def knows(self, name: str) -> bool:
        """Whether some image has this name, in whatever folder."""
        last = _parts(clean(name))[-1]
        return last != "" and (last in self._by_base or without_ending(last) in self._by_base)

    def _claim(self, file: str, folder: Path, by: str) -> str:
        """The file, unless another folder has claimed it in the same place: then two images may be meant."""
        first = self._claims.setdefault((by, file), folder)
        return file if _agree(first, folder) else ""

    def beside(self, annotation: str, stem: str = "", flat: bool = False) -> str:
        """The image that a file with annotations of one image belongs to, "" where there is none or more than one.

        Args:
            annotation: the file.
            stem: its name without its ending, by default what is before the last dot.
            flat: whether all such files lie in one folder, so that this folder may have any name.
        """
        last = _parts(stem or PurePosixPath(annotation).stem)[-1]
        found = [file for file in self._by_base.get(last, []) if without_ending(self._parts[file][-1]) == last]
        folder = _folder(annotation)
        own = [file for file in found if self._parts[file][:-1] == folder]
        parallel = [file for file in found if _kept(self._parts[file][:-1]) == _kept(folder)]
        within = [file for file in found if _agree(self._parts[file][:-1], folder)]
        for fitting in (own, parallel, within):
            if len(fitting) == 1:
                return self._claim(fitting[0], folder, "")
        return found[0] if len(found) == 1 and flat and len(self.folders) == 1 else ""

    def hint(self, name: str) -> str:
        """What is there that comes near a name which means no image, as the end of a sentence; or nothing."""
        last = _parts(clean(name))[-1]
        found = self._by_base.get(last) or self._by_base.get(without_ending(last)) or []
        if len(found) > 1:
            return f"; {found[0]} and {found[1]} both have the name of {name!r}: write the folder, too"
        if found:
            return f"; {found[0]} is in another folder than {name!r} says"
        if re.fullmatch(r"\d(\.\d+)?e\+?\d+", last):
            return f"; {name!r} looks like a number that a spreadsheet has shortened: save this column as text"
        zeros = [key for key in self._by_base if key.lstrip("0") == without_ending(last).lstrip("0")]
        if zeros:
            return f"; {self._by_base[zeros[0]][0]} is there: {name!r} seems to have lost its zeros"
        found = similar(last, self._by_base)
        return f"; the nearest to {name!r} is {self._by_base[found[0]][0]}" if found else ""


def clean(name: str) -> str:
    """A name with forward slashes and without what Label Studio and file managers put before it."""
    if "?d=" in name:
        name = unquote(name.split("?d=", 1)[1])
    name = name.strip().replace("\\", "/")
    return name.removeprefix("./")


def without_ending(name: str) -> str:
    """The name of a file without the ending of an image, if it has one."""
    return name.rpartition(".")[0] if name.lower().endswith(ENDINGS) else name


@cache
def is_neutral(folder: str) -> bool:
    """Whether a folder's name names no class: images, train, imgs_part_2, "a. Training Set"."""
    if folder.lower() in (*NEUTRAL, *PARTS):
        return True
    words = [word for word in re.findall("[a-z]+", folder.lower()) if len(word) > 1]
    return bool(words) and all(word in (*NEUTRAL, *PARTS, "set", "part") for word in words)


def known_part(name: str) -> str:
    """The part of a split that a path's folders name: "train", "test" or ""."""
    for folder in PurePosixPath(name).parts[:-1]:
        parts = [PARTS[word] for word in re.findall("[a-z]+", folder.lower()) if word in PARTS]
        if parts and is_neutral(folder):
            return parts[0]
    return ""


# What tools call the parts of a split; images for validation join the training part.
PARTS = dict.fromkeys(("train", "training", "val", "valid", "validation", "dev"), "train")
PARTS |= dict.fromkeys(("test", "testing"), "test")


def _parts(name: str) -> Path:
    """The parts of a path, as they are compared."""
    if not name.isascii():
        name = unicodedata.normalize("NFC", name)
    return tuple(part for part in name.casefold().split("/") if part not in ("", ".")) or ("",)


def _folder(name: str) -> Path:
    return _parts(name)[:-1] if name else ()


def _kept(folder: Path) -> Path:
    return tuple(part for part in folder if part not in NEUTRAL and not part.endswith(".zip"))


def _agree(one: Path, other: Path) -> bool:
    """Whether one of two folders is the end of the other, neutral names aside."""
    one, other = sorted((_kept(one), _kept(other)), key=len)
    return not one or other[-len(one) :] == one
