"""Turn ISIC 2018 Task 3, with the masks of Task 1, into a prepared data set: one folder, read by the course."""

import sys

if __name__ == "__main__":
    import _start  # noqa: F401

from carekit.material.intake.download import origins
from carekit.material.intake.layouts.isic2018 import ISIC2018
from carekit.material.intake.preparing.command_line import main

if __name__ == "__main__":
    sys.exit(main(ISIC2018, __doc__, origin=lambda _options: origins.ISIC2018))
