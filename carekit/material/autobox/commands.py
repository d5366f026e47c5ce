"""What `python -m carekit boxes` and `python -m carekit segment` do."""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from carekit.data.box_table import add_lines, lines
from carekit.data.prepared import Prepared
from carekit.experiment.box_sources import FromTable
from carekit.ground import workspace
from carekit.ground.messages import one_of
from carekit.ground.ownership import file_name
from carekit.material.autobox import quality
from carekit.material.autobox.command_line import METHODS, TRUTH
from carekit.material.autobox.deeplab import build_deeplab
from carekit.material.autobox.gallery import draw_gallery, spread
from carekit.material.autobox.methods import Options, finder
from carekit.material.autobox.pairs import of_prepared, read_pairs
from carekit.material.autobox.segmenting import Fit, fit_segmenter, save_segmenter
from carekit.material.autobox.table import make_table
from carekit.material.drawing import KINDS, draw

SHOWN = 30  # images of a gallery
FLOOR = "centred box of mean size"


def boxes(options: argparse.Namespace) -> None:
    """Find boxes and write them to a table; print and draw how good they are.

    Raises ValueError, OSError and ImportError for a bad option, as `finder` and `make_table`.
    """
    one_of("method", options.method, METHODS)
    for name in ("workers", "limit"):
        count = getattr(options, name)
        if count is not None and count < 1:
            raise ValueError(f"--{name} {count} is too small: choose at least 1")
    if options.data in KINDS:
        data = draw(KINDS[options.data], 0, options.size)
    else:
        data = Prepared.open(workspace.resolve(options.data))
    rows = rows_of(data, options.classes, options.limit)
    folder = data.folder or workspace.runs() / file_name(data.facts["name"])
    out = options.out or folder / "boxes" / f"{options.method}.csv"
    if options.method == TRUTH:
        true = {data.samples.image_id.iloc[i]: data.boxes_of(i) for i in rows}
        add_lines(out, lines(true, data.size, TRUTH, {}))
    else:
        wanted = Options(options.checkpoint, options.threshold, options.smallest, not options.no_gaussian)
        make_table(out, data, rows, finder(options.method, wanted), workers=options.workers)
    print(f"Boxes of {len(rows)} images: {out}")
    report(data, rows, [out, *options.beside], options.gallery)


def rows_of(data: Prepared, classes: str, limit: int | None) -> list[int]:
    """The images of some classes: "df,vasc", "all", or "" for the rare ones; at most `limit`, drawn from a seed."""
    if classes == "all":
        names = data.classes
    else:
        names = [name for name in classes.split(",") if name] or data.rare
    wanted = [data.classes.index(one_of("class", name, data.classes)) for name in names]
    rows = np.flatnonzero(np.isin(data.labels, wanted))
    if not len(rows):
        raise ValueError(f"{data.facts['title']} has no image of {', '.join(names)}: choose other classes")
    if limit is not None:
        rows = np.sort(np.random.default_rng(0).permutation(rows)[:limit])
    return rows.tolist()


def report(data: Prepared, rows: Sequence[int], tables: Sequence[Path], picture: Path | None) -> None:
    """Print how good the boxes of some tables are, where true ones are known; draw those of the first as a gallery."""
    true = {i: data.boxes_of(i) for i in rows if len(data.boxes_of(i))}
    if not true:
        print("There are no true boxes here to judge them by.")
        return
    found = {}
    for path in tables:
        # A table to compare with may have the name of the first one.
        name = f"{path.stem} (beside)" if path.stem in found else path.stem
        found[name] = FromTable(str(path))(data, list(true))
    overlaps = {name: quality.overlap_table(table, true, data.size) for name, table in found.items()}
    overlaps[FLOOR] = quality.overlap_table(quality.centred(true, data.size), true, data.size)
    print(as_text({name: quality.summary(table) for name, table in overlaps.items()}))
    if picture:
        first = next(iter(overlaps.values()))
        shown = first.iloc[spread(first.iou.tolist(), SHOWN)]
        classes = [data.classes[label] for label in data.labels[shown.row]]
        captions = [f"{name}  IoU {iou:.2f}" for name, iou in zip(classes, shown.iou, strict=True)]
        draw_gallery(picture, data, found, shown.row.tolist(), captions)
        print(f"Drawn: {picture}")


def as_text(summaries: Mapping[str, Mapping[str, float]]) -> str:
    """Summaries of `quality.summary`, a line each, under headings."""
    table = pd.DataFrame(summaries).T.astype({"images": int})
    table.columns = table.columns.str.replace("_", " ")
    return table.to_string(float_format="{:.3f}".format)


def segment(options: argparse.Namespace) -> None:
    """Train a segmentation on pairs and write its weights.

    Raises ValueError, OSError, RuntimeError and FloatingPointError as `build_deeplab`, `read_pairs`, `fit_segmenter`.
    """
    fit = Fit(options.epochs, options.batch_size, options.lr, options.patience, seed=options.seed)
    if options.size < 32:
        raise ValueError(f"--size {options.size} is too small to see a lesion in: choose at least 32")
    model = build_deeplab(options.trunk, pretrained=options.pretrained, seed=options.seed)
    if options.pairs in KINDS:
        pairs = of_prepared(draw(KINDS[options.pairs], 1, options.size))  # another seed than the lessons'
    else:
        pairs = read_pairs(options.pairs, options.size)
    history = fit_segmenter(model, pairs, fit)
    best = 1 - history.held_out.min()
    save_segmenter(options.out, model, options.size, pairs=len(pairs.images), dice=best, epochs=len(history))
    print(f"{len(history)} epochs on {len(pairs.images)} pairs, Dice {best:.3f} on those held out: {options.out}")
