"""Turn the RSNA pneumonia films (DICOM) into a prepared data set: one folder, read by the course."""

import sys

if __name__ == "__main__":
    import _start  # noqa: F401

from carekit.data.download import origins
from carekit.data.layouts.rsna import RSNA
from carekit.data.preparing.command_line import main


def _add(parser):
    parser.add_argument("--subset", choices=("paper", "all"), default="paper", help="the paper's 8851/6012/105, or all")
    parser.add_argument("--subset-seed", type=int, default=0, help="which films the paper's subset draws")


if __name__ == "__main__":
    sys.exit(main(RSNA, __doc__, origin=lambda _options: origins.RSNA, add=_add))
