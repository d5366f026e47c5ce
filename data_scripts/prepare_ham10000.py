"""Prepare HAM10000: python data_scripts/prepare_ham10000.py SOURCE OUT [--size 224] [--split lesion|image] ..."""

import argparse
import signal
import sys
from pathlib import Path

if __name__ == "__main__":  # from a checkout where nothing is installed yet
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    from carekit import environment

    environment.enter(["course"], (__file__,))

from carekit.data import ham10000
from carekit.data.prepared import Prepared


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description="Turn HAM10000 into a prepared data set: one folder, read by the course."
    )
    parser.add_argument("source", type=Path, help="folder or .zip with the metadata, the images and the lesion masks")
    parser.add_argument("out", type=Path, help="new folder for the prepared data set")
    parser.add_argument("--size", type=int, default=224, help="height and width in pixels (224, as the paper)")
    parser.add_argument("--workers", type=int, help="processes (as many as there are cores)")
    parser.add_argument("--limit", type=int, help="keep so many images: for a quick try")
    parser.add_argument("--max-per-class", type=int, help="keep at most so many images of each class")
    parser.add_argument("--split", choices=list(ham10000.SPLIT_BY), default="lesion", help="what is never divided")
    parser.add_argument("--seed", type=int, default=0, help="for the split, the limit and the cap")
    parser.add_argument("--overwrite", action="store_true", help="replace OUT if it is a prepared data set")
    return parser


def table(data: Prepared) -> str:
    """Images for training and test, and images with a box, of each class."""
    train, test = data.split("train").counts(), data.split("test").counts()
    boxed = data.take(data.samples.image_id.isin(data.boxes.image_id).to_numpy()).counts()
    lines = [f"{'class':<8}{'train':>8}{'test':>8}{'boxes':>8}"]
    lines += [f"{name:<8}{train[name]:>8}{test[name]:>8}{boxed[name]:>8}" for name in data.classes]
    sums = (sum(counts.values()) for counts in (train, test, boxed))
    return "\n".join([*lines, "all     " + "".join(f"{n:>8}" for n in sums)])


def main(arguments: list[str] | None = None) -> int:
    """Prepare, print a table, and return the exit code: 0, 2 for bad input, 130 when stopped."""
    options = vars(_parser().parse_args(arguments))
    try:
        data = ham10000.prepare(**options)
    except (ValueError, OSError) as error:
        print(f"prepare_ham10000: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("prepare_ham10000: stopped; nothing was left behind", file=sys.stderr)
        return 130
    print(table(data))
    if data.boxes.empty:
        print("No lesion masks were found, so there are no boxes to attend to: add the *_segmentation.png files.")
    print(f"Next: make course DATA={options['out']}")
    return 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a cluster's way to stop: clean up as for Ctrl-C
    sys.exit(main())
