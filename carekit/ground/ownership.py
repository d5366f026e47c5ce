"""Other people's files: the kit replaces and removes only files that it wrote itself, unchanged since.

The list of the files that a command wrote into a folder is in the workspace's runs, with a checksum for each file. A
file that is being written has none yet. Names from outside become file names in one function, `file_name`.
"""

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path

from carekit.ground import workspace
from carekit.ground.checksums import sha256
from carekit.ground.folders import LOCK, journal_entries, journal_line

# All files of a prepared set.
SET_FILES = (
    *("facts.json", "images.npy", "masks.npy", "samples.csv", "boxes.csv", "left_out.csv", "page.html"),
    *("lock", ".boxes.csv.new", ".facts.json.new"),
)
DRAWN = ".lock"  # in a prepared set: it is locked for each box that is drawn by hand, and the file stays
LONGEST = 60  # letters of a name: a file's has at most 255 bytes, and an ending


def file_name(text: str) -> str:
    """A name for a file or folder that shows a text and cannot leave its folder; different texts have different names.

    A text that is such a name already is its own name.
    """
    plain = re.sub(r"[^\w .,()+=-]", "_", text).strip(" .")[:LONGEST]
    if text and plain == text:
        return text
    start = plain[: LONGEST - 9] or "name"
    return f"{start}-{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"


def begin(folder: Path, names: Iterable[str]) -> None:
    """Remove what an earlier command wrote into the folder, and note the names that this one will write.

    Raises:
        FileExistsError: if a file of these names was not written by the kit, or was changed since. Then nothing is
            removed.
    """
    names = list(names)
    own = _own(folder)
    for name in names:
        if (folder / name).exists() and name not in own:
            raise FileExistsError(
                f"{folder / name} was not written by carekit, or was changed since: move it, or give another --out"
            )
    for name in own:
        (folder / name).unlink(missing_ok=True)
    _list_of(folder).unlink(missing_ok=True)
    _add(folder, dict.fromkeys(names, ""))


def finish(folder: Path, names: Iterable[str]) -> None:
    """Note the checksums of files that are written: from now on a changed one is somebody's work."""
    _add(folder, {name: sha256(folder / name) for name in names if (folder / name).is_file()})


def finish_as(place: Path, folder: Path) -> None:
    """Note all files of `folder`, which takes the place `place`."""
    files = {path.relative_to(folder).as_posix(): sha256(path) for path in folder.rglob("*") if path.is_file()}
    files.pop(LOCK, None)  # of `atomic_folder`, which removes it
    _list_of(place).unlink(missing_ok=True)
    _add(place, files)


def finish_set(folder: Path) -> None:
    """Note the files that a command has put next to those of a prepared set."""
    finish(folder, [path.name for path in folder.iterdir() if path.name not in SET_FILES])


def check_set_replaceable(folder: Path) -> None:
    """Raise FileExistsError for a prepared set with boxes drawn by hand, or with a file that the kit did not write."""
    if (folder / DRAWN).exists():
        raise FileExistsError(f"{folder} has boxes that were drawn by hand: move it, or give another folder")
    others = {path.name for path in folder.iterdir()}.difference(SET_FILES, _own(folder))
    if others:
        raise FileExistsError(f"{folder / min(others)} is no part of a prepared set: move it, or give another folder")


def check_replaceable(folder: Path) -> None:
    """Raise FileExistsError for a folder with a file that the kit did not write, or that was changed since."""
    if folder.is_dir():
        own = _own(folder)
        for path in sorted(folder.rglob("*")):
            if not path.is_dir() and path.relative_to(folder).as_posix() not in own:
                raise FileExistsError(
                    f"{path} was not written by carekit, or was changed since: move it, or give another --out"
                )


def _own(folder: Path) -> set[str]:
    """The names of the kit's own files in a folder: listed, and unchanged where a checksum is known."""
    checksums: dict[str, str] = {}
    for entry in journal_entries(_list_of(folder)):
        checksums |= entry
    own = set()
    for name, checksum in checksums.items():
        path = folder / name
        if path.is_file() and not path.is_symlink() and checksum in ("", sha256(path)):
            own.add(name)
    return own


def _list_of(folder: Path) -> Path:
    name = hashlib.sha256(str(folder.resolve()).encode("utf-8", "surrogateescape")).hexdigest()[:20]
    return workspace.runs().resolve() / "written" / f"{name}.jsonl"


def _add(folder: Path, checksums: dict[str, str]) -> None:
    file = _list_of(folder)
    file.parent.mkdir(parents=True, exist_ok=True)
    with open(file, "a", encoding="utf-8") as journal:
        journal.write(journal_line(checksums))
