"""Publishers' layouts, one file each: what is where, and what it means."""

from carekit.data.layouts import ham10000, isic2018, medmnist, own, rsna
from carekit.data.layouts.layout import Layout
from carekit.data.sources import Source

# The first that fits is taken, so the most particular come first.
LAYOUTS: tuple[Layout, ...] = (
    isic2018.ISIC2018,
    ham10000.HAM10000,
    rsna.RSNA,
    medmnist.MEDMNIST,
    own.OWN,
)


def recognise(files: Source) -> Layout | None:
    """The layout of a source, or None."""
    return next((layout for layout in LAYOUTS if layout.fits(files)), None)
