"""The options of `python -m carekit boxes` and `python -m carekit segment`.

Only the standard library is imported at the top: the command line starts before anything is installed. The work is in
`carekit.material.autobox.commands`.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from carekit.ground.messages import sentence

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
    parser.add_argument("--limit", type=int, help="at most this many images, drawn from a seed")
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
    """Make the table of boxes, print how good it is, and return the exit status."""
    from carekit.material.autobox.commands import boxes

    return _exit_status(boxes, options)


def run_segment(options: argparse.Namespace) -> int:
    """Train a segmentation, write its weights, and return the exit status."""
    from carekit.material.autobox.commands import segment

    return _exit_status(segment, options)


def _exit_status(work: Callable[[argparse.Namespace], None], options: argparse.Namespace) -> int:
    """0, or 2 after an error that the user can mend, which is printed as one sentence."""
    try:
        work(options)
    except (ValueError, OSError, ImportError, RuntimeError, FloatingPointError) as error:
        print(sentence(error), file=sys.stderr)
        return 2
    return 0
