"""A path that somebody gives, as a source."""

from pathlib import Path

from carekit.material.intake.sources.archive import Archive
from carekit.material.intake.sources.arrays import PackedArrays
from carekit.material.intake.sources.folder import Folder
from carekit.material.intake.sources.source import Source, is_hidden

ARCHIVES = {".zip": Archive, ".npz": PackedArrays}  # by how their names end


def open_source(path: str | Path) -> Source:
    """A folder, a zip archive or an .npz archive, checked before its first file is read.

    Raises:
        FileNotFoundError: where there is nothing.
        ValueError: for a source that is damaged, or not safe to read.
    """
    path = Path(path).expanduser()
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist: give the folder or the archive with the images")
    if path.is_dir():
        files = [file for file in path.iterdir() if not is_hidden(file.name)]
        if len(files) == 1 and files[0].suffix.lower() == ".npz":
            return PackedArrays(files[0])
        return Folder(path)
    kind = ARCHIVES.get(path.suffix.lower())
    if kind is None or not path.is_file():  # a pipe would be waited for
        raise ValueError(f"{path} is neither a folder nor a .zip or .npz archive: unpack it and give the folder")
    return kind(path)
