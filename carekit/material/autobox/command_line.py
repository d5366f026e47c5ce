"""`python -m carekit boxes` and `python -m carekit segment`: options and what they do.

Only the standard library is imported at the top: the command line starts before anything is installed.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from carekit.ground.messages import sentence

if TYPE_CHECKING:
    import pandas as pd

    from carekit.data.box_source import Boxes
    from carekit.data.prepared import Prepared
    from carekit.material.drawing.scene import Kind

TRUTH = "truth"
METHODS = ("dsr", "bms", "deeplab", "cam", "promptable", TRUTH)


def add_boxes_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `boxes`."""
    parser.add_argument("data", help="folder of a prepared data set, synthetic or synthetic-chest")
    parser.add_argument("--method", default="dsr", help=f"one of {', '.join(METHODS)} (dsr)")
    parser.add_argument("--classes", default="", help="for which classes, such as df,vasc (the rare ones); or all")
    parser.add_argument("--out", type=Path, help="table to write or to resume (boxes/METHOD.csv in the data set)")
    parser.add_argument("--checkpoint", help="weights, for deeplab, cam and promptable")
    parser.add_argument("--threshold", type=_threshold, help="of a map: a number in (0, 1), or otsu")
    parser.add_argument("--smallest", type=float, default=0.1, help="least share of the largest component (0.1)")
    parser.add_argument("--no-gaussian", action="store_true", help="DSR without its step towards the object")
    parser.add_argument("--workers", type=int, help="processes (as many as there are cores)")
    parser.add_argument("--limit", type=int, help="only so many images, drawn from a seed")
    parser.add_argument("--size", type=int, default=128, help="pixels of images that are drawn (128)")
    parser.add_argument("--beside", type=Path, nargs="*", default=[], help="tables to compare with in the gallery")
    parser.add_argument("--gallery", type=Path, help="picture to write: 30 images from the best box to the worst")


def add_segment_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `segment`."""
    commands = parser.add_subparsers(dest="action", required=True)
    train = commands.add_parser("train", help="train DeepLabV3 on images and masks until it converges")
    train.add_argument("pairs", help="folder or archive of pairs, a prepared data set, synthetic or synthetic-chest")
    train.add_argument("--out", type=Path, default=Path("segmentation.safetensors"), help="file of weights to write")
    train.add_argument("--trunk", default="small", help="the network below (small)")
    train.add_argument("--pretrained", action="store_true", help="start the trunk from ImageNet weights")
    train.add_argument("--size", type=int, default=64, help="pixels at which it works (64)")
    train.add_argument("--epochs", type=int, default=30, help="at most (30)")
    train.add_argument("--patience", type=int, default=3, help="epochs without progress that end it (3)")
    train.add_argument("--batch-size", type=int, default=16, help="pairs a step (16)")
    train.add_argument("--lr", type=float, default=1e-3, help="learning rate at the beginning (0.001)")
    train.add_argument("--seed", type=int, default=0, help="of weights, order, and what is held out")


def _threshold(text: str) -> float | str:
    return text if text == "otsu" else float(text)


def run_boxes(options: argparse.Namespace) -> int:
    """Make the table, say how good it is, and return the exit status."""
    try:
        _boxes(options)
    except (ValueError, OSError, ImportError) as error:
        print(sentence(error), file=sys.stderr)
        return 2
    return 0


def run_segment(options: argparse.Namespace) -> int:
    """Train, write the weights, and return the exit status."""
    try:
        _segment(options)
    except (ValueError, OSError, RuntimeError, FloatingPointError) as error:
        print(sentence(error), file=sys.stderr)
        return 2
    return 0


def _boxes(options: argparse.Namespace) -> None:
    from carekit.ground.messages import one_of
    from carekit.material.autobox.methods import Options, finder
    from carekit.material.autobox.table import make_table

    one_of("method", options.method, METHODS)
    for name in ("workers", "limit"):
        if getattr(options, name) is not None and getattr(options, name) < 1:
            raise ValueError(f"--{name} {getattr(options, name)} is too small: choose at least 1")
    data = _open(options.data, options.size)
    rows = _rows(data, options.classes, options.limit)
    out = options.out or _usual_place(data, options.method)
    if options.method == TRUTH:
        _copy_truth(out, data, rows)
    else:
        method = finder(
            options.method, Options(options.checkpoint, options.threshold, options.smallest, not options.no_gaussian)
        )
        make_table(out, data, rows, method, workers=options.workers)
    print(f"Boxes of {len(rows)} images: {out}")
    _report(data, rows, options, out)


def _open(name: str, size: int) -> "Prepared":
    from carekit.data.prepared import Prepared
    from carekit.ground import workspace
    from carekit.material.drawing import KINDS, draw

    return draw(KINDS[name], 0, size) if name in KINDS else Prepared.open(workspace.resolve(name))


def _rows(data: "Prepared", classes: str, limit: int | None) -> list[int]:
    import numpy as np

    from carekit.ground.messages import one_of

    names = data.classes if classes == "all" else [each for each in classes.split(",") if each] or data.rare
    wanted = [data.classes.index(one_of("class", name, data.classes)) for name in names]
    rows = np.flatnonzero(np.isin(data.labels, wanted))
    if not len(rows):
        raise ValueError(f"{data.facts['title']} has no image of {', '.join(names)}: choose other classes")
    if limit is not None:
        rows = np.sort(np.random.default_rng(0).permutation(rows)[:limit])
    return rows.tolist()


def _usual_place(data: "Prepared", method: str) -> Path:
    from carekit.ground import workspace

    folder = data.folder or workspace.runs() / data.facts["name"]
    return folder / "boxes" / f"{method}.csv"


def _copy_truth(out: Path, data: "Prepared", rows: Sequence[int]) -> None:
    from carekit.data.box_table import add_lines, lines

    true = {data.samples.image_id.iloc[i]: data.boxes_of(i) for i in rows}
    add_lines(out, lines(true, data.size, TRUTH, {}))


def _report(data: "Prepared", rows: Sequence[int], options: argparse.Namespace, out: Path) -> None:
    """Print how good the boxes are against the true ones, where these are known, and draw the gallery."""
    from carekit.experiment.box_sources import FromTable
    from carekit.material.autobox import quality

    true = {i: data.boxes_of(i) for i in rows if len(data.boxes_of(i))}
    if not true:
        print("There are no true boxes here to judge them by.")
        return
    found = {_unique(path, out): FromTable(str(path))(data, list(true)) for path in (out, *options.beside)}
    judged = {name: quality.judge(boxes, true, data.size) for name, boxes in found.items()}
    judged["centred box of mean size"] = quality.judge(quality.centred(true, data.size), true, data.size)
    print(_text({name: quality.summary(each) for name, each in judged.items()}))
    if options.gallery:
        _draw(options.gallery, data, found, next(iter(judged.values())))


def _unique(path: Path, out: Path) -> str:
    return path.stem if path == out else f"{path.stem} (beside)" if path.stem == out.stem else path.stem


def _text(summaries: dict[str, dict[str, float]]) -> str:
    heads = ("images", "IoU: median", "mean", "quartiles", "below .3", "coverage", "size ratio", "centre error")
    widths = (26, 7, 12, 6, 11, 9, 9, 11, 13)
    text = "".join(f"{head:>{width}}" for head, width in zip(("", *heads), widths, strict=True))
    for name, found in summaries.items():
        quartiles = f"{found['iou_quartile_1']:.2f}-{found['iou_quartile_3']:.2f}"
        cells = [f"{found['images']:.0f}", f"{found['iou_median']:.3f}", f"{found['iou_mean']:.3f}", quartiles]
        cells += [f"{found[key]:.3f}" for key in ("below_0.3", "coverage", "size_ratio", "centre_error")]
        text += f"\n{name:{widths[0]}}" + "".join(f"{c:>{w}}" for c, w in zip(cells, widths[1:], strict=True))
    return text


def _draw(path: Path, data: "Prepared", found: "Mapping[str, Boxes]", judged: "pd.DataFrame") -> None:
    from carekit.material.autobox.gallery import draw_gallery, spread

    shown = judged.iloc[spread(judged.iou.tolist(), 30)]
    names = [data.classes[label] for label in data.labels[shown.row]]
    captions = [f"{name}  IoU {iou:.2f}" for name, iou in zip(names, shown.iou, strict=True)]
    draw_gallery(path, data, found, shown.row.tolist(), captions)
    print(f"Drawn: {path}")


def _segment(options: argparse.Namespace) -> None:
    from carekit.material.autobox.deeplab import build_deeplab
    from carekit.material.autobox.pairs import of_prepared, read_pairs
    from carekit.material.autobox.segmenting import Fit, fit_segmenter, save_segmenter
    from carekit.material.drawing import KINDS

    fit = Fit(options.epochs, options.batch_size, options.lr, options.patience, seed=options.seed)
    if options.size < 32:
        raise ValueError(f"--size {options.size} is too small to see a lesion in: choose at least 32")
    model = build_deeplab(options.trunk, pretrained=options.pretrained, seed=options.seed)
    if options.pairs in KINDS:
        pairs = of_prepared(_drawn_for_segmenting(KINDS[options.pairs], options.size))
    else:
        pairs = read_pairs(options.pairs, options.size)
    history = fit_segmenter(model, pairs, fit)
    best = 1 - history.held_out.min()
    save_segmenter(options.out, model, options.size, pairs=len(pairs.images), dice=best, epochs=len(history))
    print(f"{len(history)} epochs on {len(pairs.images)} pairs, Dice {best:.3f} on those held out: {options.out}")


def _drawn_for_segmenting(kind: "Kind", size: int) -> "Prepared":
    """Another set than the lessons', drawn from a seed of its own."""
    from carekit.material.drawing import draw

    return draw(kind, 1, size)
