"""Turn MedMNIST+ (dermamnist or pneumoniamnist, an .npz archive) into a prepared data set. It has no boxes."""

import sys

if __name__ == "__main__":
    import _start  # noqa: F401

from carekit.material.intake.download import origins
from carekit.material.intake.layouts.medmnist import CLASSES, MEDMNIST
from carekit.material.intake.preparing.command_line import main


def _origin(options):
    return origins.MEDMNIST[options.which, options.pixels]


def _add_to_download(parser):
    parser.add_argument("--which", choices=sorted(CLASSES), default="dermamnist", help="with --download: which one")
    parser.add_argument("--pixels", type=int, choices=(28, 64, 128, 224), default=64, help="with --download: its size")


if __name__ == "__main__":
    sys.exit(main(MEDMNIST, __doc__, origin=_origin, add_to_download=_add_to_download))
