"""Turn HAM10000 into a prepared data set: one folder, read by the course."""

import sys

if __name__ == "__main__":
    import _start  # noqa: F401

from carekit.material.intake.download import origins
from carekit.material.intake.layouts.ham10000 import HAM10000
from carekit.material.intake.preparing.command_line import main

if __name__ == "__main__":
    sys.exit(main(HAM10000, __doc__, origin=lambda _options: origins.HAM10000))
