"""A folder of photos, as people have it: what is in it, boxes that were found, and what a model says of one photo."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from filelock import FileLock
from jaxtyping import Float, UInt8
from PIL import Image

from carekit.data.batches import to_unit
from carekit.data.prepared import Prepared
from carekit.data.prepared.annotating import replace_boxes
from carekit.data.prepared.resizing import resize_image
from carekit.experiment.box_sources import FromTable
from carekit.ground import workspace
from carekit.ground.folders import atomic_folder
from carekit.material.intake.sources.decoding import ENDINGS, decode_image
from carekit.method.cam import class_activation_map
from carekit.networks import Backbone

EACH = {"train": 60, "test": 12}  # photos of a class in the stand-in


class Look(NamedTuple):
    """What a model says of one photo: the picture as it saw it, class -> probability, and the map of one class."""

    image: UInt8[np.ndarray, "s s 3"]
    probabilities: dict[str, float]
    shown: str
    map: Float[np.ndarray, "u v"]


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
                    place = Path(new, data.samples.split.iloc[i], data.classes[data.labels[i]])
                    place.mkdir(parents=True, exist_ok=True)
                    Image.fromarray(data.read([int(i)])[0]).save(place / f"photo_{i:05d}.png")
    return folder


def pictures_in(folder: Path) -> list[Path]:
    """The pictures below a folder, sorted. Raises ValueError, saying what is there instead, where there are none."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    found = [path for path in files if path.suffix.lower() in ENDINGS and not path.name.startswith(".")]
    if not found:
        there = f"{len(files)} other files" if files else "nothing" if folder.is_dir() else "no such folder"
        raise ValueError(f"there is no picture in {folder} ({there}): give the folder that holds one for each class")
    return found


def listing(folder: Path, pictures: Sequence[Path]) -> str:
    """How many pictures lie in each folder, in lines, and which other files are left out."""
    lines = [f"{n:5} photos in {place.relative_to(folder)}" for place, n in Counter(p.parent for p in pictures).items()]
    taken = set(pictures)
    others = Counter(p.suffix.lower() or p.name for p in folder.rglob("*") if p.is_file() and p not in taken)
    left = ", ".join(f"{n} {ending}" for ending, n in sorted(others.items()))
    return "\n".join([*lines, *([f"no photos: {left}"] if left else [])])


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
    rows = [i for i in range(len(data)) if data.classes[data.labels[i]] in data.rare and not len(data.boxes_of(i))]
    for i, boxes in FromTable(str(table), partly=True)(data, rows).items():
        data = replace_boxes(data, data.samples.image_id.iloc[i], boxes)
    return data


def look_at(model: Backbone, data: Prepared, photo: Path, shown: str | None = None) -> Look:
    """What a model says of a photo that no data set holds.

    Args:
        model: trained on `data`.
        data: whose classes and size it has.
        photo: a picture file.
        shown: the class whose map is made; None: the predicted one.

    Raises:
        ValueError, FileNotFoundError: for a file that is no picture, and for a class that is not there.
    """
    image = resize_image(decode_image(Path(photo).read_bytes(), Path(photo).name), data.size)
    batch = to_unit(torch.tensor(image).permute(2, 0, 1)[None])  # (s, s, 3) -> (1, 3, s, s)
    with model.evaluating():
        logits, features = model.with_head_graph(batch)
        best = int(logits.argmax()) if shown is None else data.classes.index(shown)
        maps = class_activation_map(logits, features, torch.tensor([best]), classifier=model.linear_head)
    chances = logits.softmax(1)[0].tolist()
    return Look(image, dict(zip(data.classes, chances, strict=True)), data.classes[best], maps[0].detach().numpy())
