"""A folder of photos, as people have it: what is in it, how it is laid out, and boxes that were found."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from filelock import FileLock
from PIL import Image

from carekit.data.prepared import Prepared
from carekit.data.prepared.annotating import replace_boxes
from carekit.experiment.box_sources import FromTable
from carekit.ground import workspace
from carekit.ground.folders import atomic_folder
from carekit.ground.ownership import file_name
from carekit.material.intake.layouts import recognise
from carekit.material.intake.layouts.layout import Layout
from carekit.material.intake.sources import open_source
from carekit.material.intake.sources.decoding import ENDINGS

EACH = {"train": 60, "test": 12}  # photos of a class in the stand-in


def stand_in(data: Prepared) -> Path:
    """A folder of PNG files, `train/CLASS/` and `test/CLASS/`, of a data set's images, without its boxes; kept."""
    about = {"images": data.images_fingerprint(), "each": EACH}
    folder = workspace.runs() / "photos" / workspace.key("carekit.data.prepared", **about)
    folder.parent.mkdir(parents=True, exist_ok=True)
    turn = data.samples.groupby(["split", "label"]).cumcount().to_numpy()
    with FileLock(folder.with_name(f".{folder.name}.lock")):
        if not folder.exists():
            with atomic_folder(folder) as new:
                for i in np.flatnonzero(turn < data.samples.split.map(EACH).to_numpy()):
                    place = Path(new, data.samples.split.iloc[i], file_name(data.classes[data.labels[i]]))
                    place.mkdir(parents=True, exist_ok=True)
                    Image.fromarray(data.read([int(i)])[0]).save(place / f"photo_{i:05d}.png")
    return folder


def pictures_in(folder: Path) -> list[Path]:
    """The pictures below a folder, sorted. Raises ValueError, naming what is there, for a folder without any."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    pictures = [path for path in files if path.suffix.lower() in ENDINGS and not path.name.startswith(".")]
    if pictures:
        return pictures
    if not folder.is_dir():
        there = "no such folder"
    elif files:
        there = f"{len(files)} other files"
    else:
        there = "nothing"
    raise ValueError(f"there is no picture in {folder} ({there}): give the folder that holds one for each class")


def listing(folder: Path, pictures: Sequence[Path]) -> str:
    """How many pictures are in each folder, in lines, and which other files are left out."""
    folders = Counter(picture.parent for picture in pictures)
    lines = [f"{n:5} photos in {place.relative_to(folder)}" for place, n in folders.items()]
    taken = set(pictures)
    others = Counter(
        path.suffix.lower() or path.name for path in folder.rglob("*") if path.is_file() and path not in taken
    )
    if others:
        lines.append("no photos: " + ", ".join(f"{n} {ending}" for ending, n in sorted(others.items())))
    return "\n".join(lines)


def layout_of(folder: Path) -> Layout:
    """How a folder of photos is laid out, for `carekit.material.intake.preparing.prepare`.

    Raises ValueError for a folder in no known layout.
    """
    with open_source(folder) as files:
        layout = recognise(files)
    if layout is None:
        raise ValueError(
            f"{folder} has no known layout: put the photos into a folder for each class, or add labels.csv"
        )
    return layout


def places_for(folder: Path, pictures: Sequence[Path], size: int) -> tuple[Path, Path]:
    """Among the runs: where these pictures are prepared at this size, and the table of the boxes drawn on them.

    Other photos are prepared in another place; the boxes stay, as they belong to the folder and the names in it.
    """
    root = folder.resolve()
    seen = [f"{p.relative_to(folder)} {p.stat().st_size} {p.stat().st_mtime_ns}" for p in pictures]
    path, content = (hashlib.sha256(text.encode()).hexdigest()[:8] for text in (str(root), "\n".join(seen)))
    own = workspace.runs() / "own"
    return own / f"{root.name}-{size}-{path}{content}", own / f"{root.name}-{path}-boxes.csv"


def file_of(data: Prepared, row: int, folder: Path, pictures: Sequence[Path]) -> Path:
    """The picture that a row of the prepared set was made from. Raises ValueError where it is gone."""
    name = data.samples.image_id.iloc[row]
    for path in pictures:
        if name in (path.stem, path.relative_to(folder).as_posix()):
            return path
    raise ValueError(f"the picture {name} is no longer in {folder}: put it back")


def with_found_boxes(data: Prepared, table: Path) -> Prepared:
    """The data set in which the images of the rare classes have the boxes of a table; boxes that are there stay."""
    rare = np.isin(data.labels, [data.classes.index(name) for name in data.rare])
    rows = [int(i) for i in np.flatnonzero(rare) if not len(data.boxes_of(i))]
    for i, boxes in FromTable(str(table), partly=True)(data, rows).items():
        data = replace_boxes(data, data.samples.image_id.iloc[i], boxes)
    return data
