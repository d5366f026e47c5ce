"""From a source in its publisher's layout to a prepared data set: one way for all of them."""

import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd

import carekit
from carekit.data import pixels
from carekit.data.checks import CORNERS
from carekit.data.files import stamp
from carekit.data.filling import Result, check_space, fill
from carekit.data.folders import resumable_folder
from carekit.data.listing import Faults, Layout, Listing
from carekit.data.prepared import Prepared, write_tables
from carekit.data.sources import Npz, open_source
from carekit.data.splits import split_by_group, split_by_image

SPLITS = {
    "lesion": "by lesion, stratified by class, 80/20: no lesion has images in both parts",
    "patient": "by patient, stratified by class, 80/20: no patient has images in both parts",
    "group": "by group, stratified by class, 80/20: no group has images in both parts",
    "image": "by image, stratified by class, 80/20, as the paper: images of one group may be in both parts",
    "fixed": "as the source has fixed it",
}
FLOOR = 5  # of each class, however small the limit


def prepare(
    layout: Layout,
    source: str | Path,
    out: str | Path,
    size: int = 224,
    *,
    workers: int | None = None,
    limit: int | None = None,
    seed: int = 0,
    split: str | None = None,
    max_per_class: int | None = None,
    overwrite: bool = False,
    **options,
) -> Prepared:
    """Make a prepared data set of a folder or an archive; what the layout's `read` takes besides stands in `options`.

    Images are squashed to size x size. limit keeps that many images, in proportion but some of each class;
    max_per_class caps each class; split is one of the layout's, by default its first. `out` appears whole or not at
    all, with the same bytes for the same arguments, whatever the number of workers and however often it was stopped:
    a run with the same arguments goes on where the last one was ended. Raises FileNotFoundError, FileExistsError,
    OSError for a full disk, or ValueError.
    """
    source, out = Path(source).expanduser().resolve(), Path(out).expanduser().resolve()
    chosen = {"seed": seed, "limit": limit, "max_per_class": max_per_class}
    _check_options(layout, size, workers, limit, split, max_per_class)
    if source == out or source in out.parents or out in source.parents:
        raise ValueError(f"{out} and the source {source} lie in one another: give a folder elsewhere")
    with open_source(source) as files:  # before anything is written
        if not layout.fits(files):
            raise ValueError(f"{source} is not laid out as {layout.name}: {layout.expects}")
        split = split or ("fixed" if layout.fixes(files) else layout.splits[0])
    plan = {"layout": layout.name, "size": size, "split": split, "version": carekit.__version__} | chosen | options
    pixels.forget()
    with resumable_folder(out, plan | {"source": stamp(source)}, overwrite) as folder:
        path = _readable(source, folder)
        with open_source(path) as files:
            listing = layout.read(files, Faults(), **options)
        _check_split(listing, split)
        table = choose(listing, limit, max_per_class, seed)
        masks = bool((table["mask"] != "").any())
        check_space(folder, len(table), size, masks)
        by = _split(table, split, seed)
        items = _items(table, listing.boxes)
        results = fill(folder, items, pixels.FromFiles(path, size), size, workers, masks)
        pixels.forget()
        write_tables(folder, *tables(table, listing, by, results), _facts(listing, size, split, chosen, items, results))
        if path != source:
            shutil.rmtree(path)
    return Prepared.open(out)


def _readable(source: Path, folder: Path) -> Path:
    """The source, or its arrays unpacked into the folder."""
    with open_source(source) as files:
        return files.unpack(folder) if isinstance(files, Npz) else source


def _check_options(layout: Layout, size, workers, limit, split, max_per_class) -> None:
    lowest = {"size": (size, 8), "workers": (workers, 1), "limit": (limit, 4), "max_per_class": (max_per_class, 2)}
    for name, (value, low) in lowest.items():
        if value is not None and value < low:
            raise ValueError(f"{name} = {value} is too small: choose at least {low}")
    if split is not None and split not in layout.splits:
        raise ValueError(f"split = {split!r} is unknown: choose {' or '.join(map(repr, layout.splits))}")


def choose(listing: Listing, limit: int | None, max_per_class: int | None, seed: int) -> pd.DataFrame:
    """Rows drawn by seed: at most max_per_class of a class, then `limit` in all, in proportion but FLOOR of each."""
    table, classes = listing.table, len(listing.classes)
    if classes < 2:
        raise ValueError(f"all images are of class {next(iter(listing.classes), '')!r}: there must be two or more")
    absent = [name for name in listing.classes if name not in set(table.diagnosis)]
    if absent:
        raise ValueError(f"there is no image of class {absent[0]!r}: add some, or leave the class out")
    if limit is not None and limit < 2 * classes:
        raise ValueError(f"limit = {limit} is too small: choose at least {2 * classes}, two images of each class")
    shuffled = table.iloc[np.random.default_rng(seed).permutation(len(table))]
    # A second image of a lesion comes after the first ones of all, so that a small draw has many lesions.
    again = shuffled.groupby("group").cumcount()
    shuffled = shuffled.iloc[np.argsort(again.to_numpy(), kind="stable")]
    turn = shuffled.groupby("diagnosis").cumcount()
    chosen = shuffled[turn < (max_per_class or len(table))]
    turn = turn[chosen.index]
    floor = min(FLOOR, (limit or len(table)) // classes)
    place = (turn / chosen.groupby("diagnosis").diagnosis.transform("size")).where(turn >= floor, -1)
    return chosen.iloc[np.argsort(place.to_numpy(), kind="stable")[:limit]].sort_index().reset_index(drop=True)


def _split(table: pd.DataFrame, split: str, seed: int) -> np.ndarray:
    if split == "image":
        return split_by_image(table.diagnosis, seed=seed)
    if split != "fixed":
        return split_by_group(table.diagnosis, table.group, seed=seed)
    return table.split.to_numpy()


def _check_split(listing: Listing, split: str) -> None:
    """Raise ValueError where the source cannot be split so."""
    table = listing.table
    if split in ("lesion", "patient", "group") and listing.ungrouped:
        raise ValueError(f"{listing.ungrouped}: without it, choose --split image or another that needs no groups")
    if split != "fixed":
        return
    if "split" not in table:
        raise ValueError("split = 'fixed' needs a split that comes with the source, and this one has none")
    parts = table.groupby("group").split.nunique()
    if (parts > 1).any():
        raise ValueError(f"group {parts.index[parts > 1][0]!r} has images in both parts of the source's split: mend it")
    for part in ("train", "test"):
        absent = set(listing.classes) - set(table.diagnosis[table.split == part])
        if absent:
            raise ValueError(f"class {min(absent)!r} has no {part} image in the source's split: choose another split")


def _items(table: pd.DataFrame, boxes: pd.DataFrame | None) -> list[pixels.Item]:
    by_image: dict[str, list] = {}
    for name, *corners in (boxes if boxes is not None else pd.DataFrame(columns=["image_id", *CORNERS])).itertuples(
        index=False
    ):
        by_image.setdefault(name, []).append(tuple(corners))
    rows = zip(table.image_id, table.image, table["mask"], strict=True)
    return [pixels.Item(name, image, mask, tuple(by_image.get(name, ()))) for name, image, mask in rows]


def tables(table: pd.DataFrame, listing: Listing, by, results: list[Result]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The tables of samples and of boxes."""
    labels = table.diagnosis.map(list(listing.classes).index)
    samples = pd.DataFrame({"image_id": table.image_id, "label": labels, "group": table.group, "split": by})
    boxed = [(name, *box) for name, result in zip(table.image_id, results, strict=True) for box in result.boxes]
    return samples, pd.DataFrame(boxed, columns=["image_id", *CORNERS])


def _facts(listing: Listing, size: int, split: str, chosen: dict, items: list, results: list[Result]) -> dict:
    whole = (0, 0, size, size)
    seen = Counter(tuple(result.about["pixels"]) for result in results)
    return listing.facts | {
        "classes": list(listing.classes),
        "class_names": list(listing.classes.values()),
        "rare": listing.rare,
        "size": size,
        "split": SPLITS[split],
        "chosen": chosen,
        "source_pixels": {f"{w} x {h}": n for (w, h), n in sorted(seen.items())},
        "images_without_mask": sum(not item.mask for item in items),
        "empty_masks": sum(bool(i.mask) and not r.boxes for i, r in zip(items, results, strict=True)),
        "images_without_box": sum(not result.boxes for result in results),
        "boxes_filling_the_image": sum(np.allclose(box, whole) for result in results for box in result.boxes),
    }
