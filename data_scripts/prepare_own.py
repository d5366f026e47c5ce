"""Turn your own folder of images, with labels.csv and boxes (boxes.csv, COCO, YOLO or masks), into a prepared data set.

labels.csv: image, label, and optionally group (patient or lesion) and split (train or test).
boxes.csv: image and x0, y0, x1, y1, or x, y, w, h, in pixels of the image.
"""

import sys

if __name__ == "__main__":
    import _start  # noqa: F401

from carekit.data.layouts.own import OWN
from carekit.data.preparing.command_line import main


def _names(text):
    return [name.strip() for name in text.split(",") if name.strip()]


def _add(parser):
    parser.add_argument("--rare", type=_names, default=[], help="classes to attend to, with commas, the rarest first")
    parser.add_argument("--title", default="", help="how figures call the data set (the folder's name)")
    parser.add_argument("--licence", default="not stated", help="what may be done with the images")
    parser.add_argument("--citation", default="not stated", help="how to cite them")


if __name__ == "__main__":
    sys.exit(main(OWN, __doc__, add=_add))
