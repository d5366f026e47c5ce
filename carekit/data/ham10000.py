"""HAM10000: dermoscopic images of seven kinds of pigmented skin lesion, with lesion masks turned into boxes.

Source: Tschandl, Rosendahl, Kittler, Sci. Data 2018, doi:10.7910/DVN/DBW86T; masks: Tschandl et al., Nat. Med. 2020.
"""

import io
import shutil
from collections import Counter
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd

from carekit.data.checks import CORNERS
from carekit.data.files import Source, atomic_folder, open_source
from carekit.data.pixels import Item, Result, write_pixels
from carekit.data.prepared import Prepared, write_tables
from carekit.data.splits import split_by_group, split_by_image

CLASSES = {
    "nv": "melanocytic nevus",
    "mel": "melanoma",
    "bkl": "benign keratosis",
    "bcc": "basal cell carcinoma",
    "akiec": "actinic keratosis or Bowen's disease",
    "vasc": "vascular lesion",
    "df": "dermatofibroma",
}
ORDER = list(CLASSES)
METADATA = ("ham10000_metadata", "ham10000_metadata.csv", "ham10000_metadata.tab")
SPLIT_BY = {
    "lesion": "by lesion, stratified by class, 80/20: no lesion has images in both parts",
    "image": "by image, stratified by class, 80/20, as the paper: images of one lesion may be in both parts",
}
FLOOR = 5  # of each class, however small the limit


def prepare(
    source: str | Path,
    out: str | Path,
    size: int = 224,
    *,
    workers: int | None = None,
    limit: int | None = None,
    seed: int = 0,
    split: str = "lesion",
    max_per_class: int | None = None,
    overwrite: bool = False,
) -> Prepared:
    """Make a prepared data set of a folder or zip archive that holds the metadata, the images and the lesion masks.

    Images are squashed to size x size. limit keeps that many images, in proportion but some of each class;
    max_per_class caps each class; split is "lesion" or "image". `out` appears whole or not at all, with the same bytes
    for the same arguments, whatever the number of workers. Raises FileNotFoundError, FileExistsError or ValueError.
    """
    _check_options(size, workers, limit, split, max_per_class)
    with open_source(source) as files, atomic_folder(out, overwrite) as folder:
        table = _metadata(files)
        found = _find(files, table.image_id)
        table = _choose(table, limit, max_per_class, seed)
        _check_space(folder, len(table) * size * size * 4)
        by = _split(table, split, seed)
        items = [found[name] for name in table.image_id]
        results = write_pixels(files, items, folder, size, workers)
        chosen = {"seed": seed, "limit": limit, "max_per_class": max_per_class}
        write_tables(folder, *_tables(table, by, results), _facts(size, split, chosen, items, results))
    return Prepared.open(out)


def _check_options(size: int, workers: int | None, limit: int | None, split: str, max_per_class: int | None) -> None:
    lowest = {
        "size": (size, 8),
        "workers": (workers, 1),
        "limit": (limit, 2 * len(ORDER)),
        "max_per_class": (max_per_class, 2),
    }
    for name, (value, low) in lowest.items():
        if value is not None and value < low:
            raise ValueError(f"{name} = {value} is too small: choose at least {low}")
    if split not in SPLIT_BY:
        raise ValueError(f"split = {split!r} is unknown: choose 'lesion' or 'image'")


def _metadata(files: Source) -> pd.DataFrame:
    """lesion_id, image_id and dx, checked and sorted by image, so that the order in the source does not matter."""
    names = [name for name in files.names if _base(name).lower() in METADATA]
    if len(names) != 1:
        found = f"{len(names)} of them ({', '.join(names[:3])})" if names else "none"
        raise ValueError(f"{files.path} must hold one HAM10000_metadata.csv, and there is {found}")
    data, name = files.read(names[0]), names[0]
    separator = "\t" if b"\t" in data.split(b"\n", 1)[0] else ","
    table = pd.read_csv(io.BytesIO(data), sep=separator, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    missing = [column for column in ("lesion_id", "image_id", "dx") if column not in table]
    if missing:
        raise ValueError(f"{name} has no column {missing[0]!r}: it needs lesion_id, image_id and dx")
    for sentence, bad in (
        ("image_id {0.image_id!r} stands twice: keep one row for each image", table.image_id.duplicated()),
        ("image {0.image_id!r} has no lesion_id: images of one lesion must share one", table.lesion_id == ""),
        (
            f"dx {{0.dx!r}} of image {{0.image_id!r}} is unknown: it must be one of {', '.join(ORDER)}",
            ~table.dx.isin(ORDER),
        ),
    ):
        if bad.any():
            raise ValueError(f"{name}: " + sentence.format(table[bad].iloc[0]))
    absent = [name for name in ORDER if name not in set(table.dx)]
    if absent:
        raise ValueError(f"{name} has no image of class {absent[0]!r}: all seven classes are needed")
    return table.sort_values("image_id", ignore_index=True)


def _find(files: Source, image_ids: pd.Series) -> dict[str, Item]:
    """The files of each image: there must be one image for each row of the metadata, and no other."""
    images = _by_stem(files, (".jpg", ".jpeg"))
    masks = _by_stem(files, ("_segmentation.png",))
    lost = [name for name in image_ids if name not in images]
    extra = sorted(set(images) - set(image_ids))
    packed = [name for name in files.names if name.lower().endswith(".zip")]
    if lost:
        advice = f"unpack {packed[0]} first" if packed else "add the files, or remove the rows"
        raise ValueError(f"{_some(lost)} of the metadata have no .jpg file in {files.path}: {advice}")
    if extra:
        raise ValueError(
            f"{_some(extra)} in {files.path} have no row in the metadata: add the rows, or remove the files"
        )
    return {name: Item(images[name], masks.get(name)) for name in image_ids}


def _by_stem(files: Source, endings: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for name in files.names:
        base = _base(name)
        ending = next((each for each in endings if base.lower().endswith(each)), None)
        if ending is None or base.startswith("._"):  # what macOS adds to archives
            continue
        stem = base[: -len(ending)]
        # One published packing of this data set holds the same folder twice.
        if stem in found and files.read(found[stem]) != files.read(name):
            raise ValueError(f"{found[stem]} and {name} in {files.path} are different: remove the one that is wrong")
        found.setdefault(stem, name)
    return found


def _base(name: str) -> str:
    return PurePosixPath(name).name


def _some(names: list[str]) -> str:
    return f"{len(names)} image(s) ({', '.join(names[:3])}{', ...' if len(names) > 3 else ''})"


def _choose(table: pd.DataFrame, limit: int | None, max_per_class: int | None, seed: int) -> pd.DataFrame:
    """Rows drawn by seed: at most max_per_class of a class, then `limit` in all, in proportion but FLOOR of each."""
    shuffled = table.iloc[np.random.default_rng(seed).permutation(len(table))]
    # A second image of a lesion comes after the first ones of all, so that a small draw has many lesions.
    again = shuffled.groupby("lesion_id").cumcount()
    shuffled = shuffled.iloc[np.argsort(again.to_numpy(), kind="stable")]
    turn = shuffled.groupby("dx").cumcount()
    chosen = shuffled[turn < (max_per_class or len(table))]
    turn = turn[chosen.index]
    floor = min(FLOOR, (limit or len(table)) // len(ORDER))
    place = (turn / chosen.groupby("dx").dx.transform("size")).where(turn >= floor, -1)
    return chosen.iloc[np.argsort(place.to_numpy(), kind="stable")[:limit]].sort_index().reset_index(drop=True)


def _split(table: pd.DataFrame, split: str, seed: int) -> np.ndarray:
    if split == "image":
        return split_by_image(table.dx, seed=seed)
    return split_by_group(table.dx, table.lesion_id, seed=seed)


def _tables(table: pd.DataFrame, by: np.ndarray, results: list[Result]) -> tuple[pd.DataFrame, pd.DataFrame]:
    labels = table.dx.map(ORDER.index)
    samples = pd.DataFrame({"image_id": table.image_id, "label": labels, "group": table.lesion_id, "split": by})
    boxed = [(name, *result.box) for name, result in zip(table.image_id, results, strict=True) if result.box]
    return samples, pd.DataFrame(boxed, columns=["image_id", *CORNERS])


def _check_space(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < needed * 1.02:
        raise OSError(f"{folder.parent} has {free >> 20} MB free and {needed >> 20} MB are needed: choose another disk")


def _facts(size: int, split: str, chosen: dict, items: list[Item], results: list[Result]) -> dict:
    whole = (0, 0, size, size)
    return {
        "name": "ham10000",
        "title": "HAM10000: dermoscopic images of pigmented skin lesions",
        "classes": ORDER,
        "class_names": list(CLASSES.values()),
        "rare": ["df"],
        "size": size,
        "licence": "CC BY-NC 4.0",
        "citation": (
            "Tschandl, Rosendahl, Kittler: The HAM10000 dataset. Sci. Data 5, 180161 (2018). doi:10.7910/DVN/DBW86T"
        ),
        "source": "Harvard Dataverse, doi:10.7910/DVN/DBW86T, with the lesion masks of Tschandl et al., Nat. Med. 2020",
        "split": SPLIT_BY[split],
        "chosen": chosen,
        "source_pixels": {f"{w} x {h}": n for (w, h), n in sorted(Counter(r.pixels for r in results).items())},
        "images_without_mask": sum(item.mask is None for item in items),
        "empty_masks": sum(i.mask is not None and r.box is None for i, r in zip(items, results, strict=True)),
        "boxes_filling_the_image": sum(r.box is not None and np.allclose(r.box, whole) for r in results),
    }
