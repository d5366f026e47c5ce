"""Turn the RSNA pneumonia films (DICOM) into a prepared data set: one folder, read by the course."""

import sys

if __name__ == "__main__":
    import _start  # noqa: F401

from carekit.material.intake.download import origins
from carekit.material.intake.layouts.rsna import RSNA
from carekit.material.intake.preparing.command_line import add_reading, main

if __name__ == "__main__":
    sys.exit(main(RSNA, __doc__, origin=lambda _options: origins.RSNA, add=add_reading("subset", "subset-seed")))
