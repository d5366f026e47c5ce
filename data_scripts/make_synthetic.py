"""Draw a synthetic data set and store it as a prepared one; the lessons draw their own, and need no file."""

import argparse
import sys
from pathlib import Path

if __name__ == "__main__":
    import _start  # noqa: F401

from carekit.material.drawing import KINDS, Recipe, scaled_counts
from carekit.material.intake.preparing.command_line import finish


def _parser():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kind", choices=list(KINDS), default="synthetic-skin")
    parser.add_argument("--out", type=Path, required=True, help="new folder for the prepared data set")
    parser.add_argument("--size", type=int, default=224, help="height and width in pixels, 32 to 512 (224)")
    parser.add_argument("--images", type=int, default=540, help="about so many training images (540)")
    parser.add_argument("--test-images", type=int, default=30, help="test images of each class (30)")
    parser.add_argument("--imbalance", type=float, help="how many times the largest class outnumbers the smallest")
    for name, default, words in (
        ("shortcut", 0.95, "share of the rare class's training images with the misleading mark, 0 to 1"),
        ("elsewhere", 0.03, "share of all other images with it, 0 to 1"),
        ("lesion-size", 1.0, "factor on the lesion's extent, 0.5 to 1.5"),
        ("spread", 1.0, "factor on how far from the middle it lies, 0 to 2"),
        ("looseness", 1.0, "factor on the boxes' sides, 0.5 to 3"),
        ("jitter", 0.0, "how much the boxes' sides are shaken, as a share of the box, 0 to 0.5"),
        ("label-noise", 0.0, "share of training images with a wrong label, 0 to 1"),
    ):
        parser.add_argument(f"--{name}", type=float, default=default, help=f"{words} ({default})")
    for name, part in (("rate", "training"), ("test-rate", "test")):
        words = f"share of {part} images with an artefact, 0 to 1, of all classes or of one; may be given again"
        parser.add_argument(f"--{name}", action="append", default=[], metavar="ARTEFACT[:CLASS]=SHARE", help=words)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, help="processes (as many as there are cores)")
    parser.add_argument("--overwrite", action="store_true", help="replace OUT if it is a prepared data set")
    return parser


def _rates(texts, name):
    """{artefact: share, or {class: share}} from texts such as hair=0.5 and ink:df=1."""
    rates = {}
    for text in texts:
        what, _, share = text.partition("=")
        artefact, _, of = what.partition(":")
        try:
            value = float(share)
        except ValueError:
            raise ValueError(f"{name} {text!r} is not of the form ARTEFACT=SHARE or ARTEFACT:CLASS=SHARE") from None
        if not of:
            rates[artefact] = value
        elif isinstance(rates.setdefault(artefact, {}), dict):
            rates[artefact][of] = value
        else:
            raise ValueError(f"{name} {text!r}: {artefact} has a share for all classes already: give one or the other")
    return rates


def _make(options):
    given = vars(options)
    kind, ratio = KINDS[given.pop("kind")], given.pop("imbalance")
    out, workers, overwrite = (given.pop(name) for name in ("out", "workers", "overwrite"))
    rates = {f"{name}s": _rates(given.pop(name), name) for name in ("rate", "test_rate")}
    exponent = 0.5 if ratio is None else kind.exponent(ratio)
    counts = scaled_counts(kind, given.pop("images"), exponent, floor=1)
    test_counts = dict.fromkeys(kind.classes, given.pop("test_images"))
    return Recipe(kind, counts=counts, test_counts=test_counts, **rates, **given).save(out, workers, overwrite)


def main(arguments=None):
    options = _parser().parse_args(arguments)
    return finish("make_synthetic", options.out, lambda: _make(options))


if __name__ == "__main__":
    sys.exit(main())
