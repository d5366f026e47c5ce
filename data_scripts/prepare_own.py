"""Turn your own folder of images, with labels.csv or a folder a class, and boxes in any form, into a prepared data set.

`python -m carekit prepare` does the same, for every layout.
"""

import sys

if __name__ == "__main__":
    import _start  # noqa: F401

from carekit.material.intake.layouts.own import OWN
from carekit.material.intake.preparing.command_line import add_reading, main

if __name__ == "__main__":
    reading = add_reading("rare", "category", "label", "boxes-in", "title", "licence", "citation")
    sys.exit(main(OWN, __doc__, add=reading))
