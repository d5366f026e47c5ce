"""From a source in its publisher's layout to a prepared data set: one way for all of them."""

import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import carekit
from carekit.data.filling import Result, check_space, fill
from carekit.data.prepared import Prepared
from carekit.data.prepared.files import write_table, write_tables
from carekit.data.prepared.schema import CORNERS, check_names
from carekit.ground.checksums import stamp
from carekit.ground.folders import resumable_folder
from carekit.ground.messages import one_of
from carekit.material.intake.layouts import recognise, told
from carekit.material.intake.layouts.layout import Faults, Layout, Listing
from carekit.material.intake.preparing.from_files import FromFiles, Item
from carekit.material.intake.preparing.left_out import LEFT_OUT, items_of, leave_out_damaged, notes_of
from carekit.material.intake.preparing.splits import check_rule, draw_split, rule_in_words
from carekit.material.intake.preparing.subset import draw_subset
from carekit.material.intake.sources import Source, open_source
from carekit.material.intake.sources.lesions import is_inverted

UNPACKED = "unpacked"  # a folder in the new one, for what must be unpacked before it can be read


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
    skip_damaged: bool = False,
    only_what_is_there: bool = False,
    **options: Any,
) -> Prepared:
    """Make a prepared data set of a folder or an archive.

    `out` appears whole or not at all, with the same bytes for the same arguments, whatever the number of workers and
    however often it was stopped: a run with the same arguments resumes where the last one was ended.

    Args:
        layout: how the source is laid out.
        source: a folder or an archive.
        out: a new folder.
        size: height and width in pixels; images are squashed to it.
        workers: processes, by default as many as there are cores.
        limit: keep so many images, in proportion but some of each class.
        seed: for the split, the limit and the cap.
        split: one of the layout's, by default the source's own or else the layout's first.
        max_per_class: keep at most so many images of each class.
        overwrite: replace `out` if it is a prepared data set.
        skip_damaged: leave out images that cannot be read, or whose mask or boxes cannot.
        only_what_is_there: leave out rows without an image, images without a row, and boxes without an image. What was
            left out is listed in left_out.csv, and counted among the notes of the facts.
        options: what the layout's `read` takes besides.

    Raises:
        FileNotFoundError, FileExistsError: for the source, and for `out`.
        OSError: for a full disk.
        ValueError: for an option out of range, and for whatever is wrong with the source.
    """
    source = Path(source).expanduser().resolve()
    out = Path(out).expanduser().resolve()
    _check_options(layout, source, out, split, size=size, workers=workers, limit=limit, max_per_class=max_per_class)
    chosen = {"seed": seed, "limit": limit, "max_per_class": max_per_class}
    with open_source(source) as files:
        if not layout.fits(files):  # before anything is written
            raise ValueError(misfit(layout, files))
        plan = {"layout": layout.name, "size": size, "split": split, "version": carekit.__version__}
        plan |= {"source": stamp(source), "skip_damaged": skip_damaged, "only": only_what_is_there} | chosen | options
        with resumable_folder(out, plan, overwrite) as folder:
            faults = Faults(only_what_is_there)
            with files.ready(folder / UNPACKED) as ready:
                listing = layout.read(ready, faults, **options)
                check_names(listing.facts["title"], *listing.classes)
                draw = FromFiles(ready, size, _look_at_masks(ready, listing, faults))
                if skip_damaged:
                    leave_out_damaged(listing, draw, workers, faults)
                split = split or ("fixed" if layout.fixes and "split" in listing.table else layout.splits[0])
                check_rule(listing, split)
                table = draw_subset(listing, limit, max_per_class, seed)
                masks = bool((table["mask"] != "").any())
                check_space(folder, len(table), size, masks)
                parts = draw_split(table, split, seed)
                items = items_of(table, listing.boxes)
                results = fill(folder, items, draw, size, workers, masks)
            shutil.rmtree(folder / UNPACKED, ignore_errors=True)
            words = rule_in_words(listing, split)
            facts = _facts(listing, size, words, chosen, items, results) | {"layout": layout.name}
            facts["notes"] = faults.notes + notes_of(results)
            if faults.left_out:
                write_table(folder / LEFT_OUT, pd.DataFrame(faults.left_out, columns=["what", "why"]))
            write_tables(folder, _samples(table, listing, parts), _boxes(table, results), facts)
            Prepared.open(folder)  # raises where anything does not fit
    return Prepared.open(out)


LOWEST = {"size": 8, "workers": 1, "limit": 4, "max_per_class": 2}


def _check_options(layout: Layout, source: Path, out: Path, split: str | None, **numbers: int | None) -> None:
    for name, value in numbers.items():
        if value is not None and value < LOWEST[name]:
            raise ValueError(f"{name} = {value} is too small: choose at least {LOWEST[name]}")
    if split is not None:
        one_of("split", split, layout.splits)
    if source == out or source in out.parents or out in source.parents:
        raise ValueError(f"{out} and the source {source} must not contain each other: give a folder elsewhere")


def misfit(layout: Layout, files: Source) -> str:
    """Why a source is not read as one of this layout: what was found, and which layout it has."""
    other = recognise(files)
    hint = f"it is laid out as {other.name}: python -m carekit prepare {files.path}" if other else told(files)
    return f"{files.path} is not laid out as {layout.name}: {layout.expects}; {hint}"


SAMPLE = 16  # masks that are looked at to know their convention


def _look_at_masks(files: Source, listing: Listing, faults: Faults) -> bool:
    """Whether the masks of a source are black on white: whether nearly all of some are. Notes several labels."""
    pairs = [(mask, image) for mask, image in zip(listing.table["mask"], listing.table.image, strict=True) if mask]
    inverted: list[bool] = []
    labels = 1
    for mask, image in pairs[:: -(-len(pairs) // SAMPLE) or 1]:
        try:
            inverted.append(is_inverted(files.mask(mask, files.image(image).size)))
            labels = max(labels, files.mask_labels(mask))
        except (ValueError, OSError):
            continue  # it is reported when all are read
    if labels > 1:
        faults.note(f"masks hold up to {labels} labels besides the background: all of them are taken as the lesion")
    all_inverted = len(inverted) > 1 and sum(inverted) >= 0.8 * len(inverted)
    if all_inverted:
        faults.note("the masks are white all around the edge and black within, so they are read as black on white")
    return all_inverted


def _samples(table: pd.DataFrame, listing: Listing, parts: np.ndarray) -> pd.DataFrame:
    labels = table.diagnosis.map(list(listing.classes).index)
    return pd.DataFrame({"image_id": table.image_id, "label": labels, "group": table.group, "split": parts})


def _boxes(table: pd.DataFrame, results: Sequence[Result]) -> pd.DataFrame:
    boxed = [(name, *box) for name, result in zip(table.image_id, results, strict=True) for box in result.boxes]
    return pd.DataFrame(boxed, columns=["image_id", *CORNERS])


def _facts(
    listing: Listing,
    size: int,
    split: str,
    chosen: dict[str, Any],
    items: Sequence[Item],
    results: Sequence[Result],
) -> dict[str, Any]:
    whole = (0, 0, size, size)
    seen = Counter(tuple(result.about["pixels"]) for result in results)
    return listing.facts | {
        "classes": list(listing.classes),
        "class_names": list(listing.classes.values()),
        "rare": listing.rare,
        "size": size,
        "split": split,
        "chosen": chosen,
        "source_pixels": {f"{w} x {h}": n for (w, h), n in sorted(seen.items())},
        "images_without_mask": sum(not item.mask for item in items),
        "empty_masks": sum(bool(i.mask) and not r.boxes for i, r in zip(items, results, strict=True)),
        "images_without_box": sum(not result.boxes for result in results),
        "boxes_by_category": _categories(listing, [item.image_id for item in items]),
        "boxes_filling_the_image": sum(np.allclose(box, whole) for result in results for box in result.boxes),
    }


def _categories(listing: Listing, chosen: Sequence[str]) -> dict[str, int]:
    """How many boxes of each category the images have; nothing where no box has a category."""
    if listing.boxes is None or "category" not in listing.boxes:
        return {}
    named = listing.boxes[listing.boxes.image_id.isin(chosen) & (listing.boxes.category != "")]
    return {str(name): int(n) for name, n in named.category.value_counts().items()}
