"""Publishers' layouts, one file each: what is where, and what it means."""

from collections import Counter
from pathlib import PurePosixPath

from carekit.material.intake.layouts import ham10000, isic2018, medmnist, own, rsna
from carekit.material.intake.layouts.layout import Layout
from carekit.material.intake.layouts.tables import whole_table
from carekit.material.intake.sources import Source

# The first that fits is taken, so the most particular come first.
LAYOUTS: tuple[Layout, ...] = (
    ham10000.HAM10000,
    isic2018.ISIC2018,
    rsna.RSNA,
    medmnist.MEDMNIST,
    own.OWN,
)


def recognise(files: Source) -> Layout | None:
    """The layout of a source, or None."""
    return next((layout for layout in LAYOUTS if layout.fits(files)), None)


def told(files: Source) -> str:
    """What a source holds, in a few words, for people whose source has no known layout."""
    endings = Counter(PurePosixPath(name).suffix.lower() or "(no ending)" for name in files.names)
    found = ", ".join(f"{n} {ending}" for ending, n in endings.most_common(5)) or "nothing"
    folders = sorted({PurePosixPath(name).parent.name for name in files.names} - {""})
    where = f" in the folders {', '.join(folders[:5])}" if folders else ""
    sheets = [name for name in files.names if name.lower().endswith((".xlsx", ".xls", ".ods"))]
    advice = f"; save {sheets[0]} as labels.csv" if sheets else ""
    tables = [name for name in files.names if name.lower().endswith(".csv")][:2]
    return f"found: {found}{where}{''.join(_columns(files, name) for name in tables)}{advice}"


def _columns(files: Source, name: str) -> str:
    try:
        return f"; {name} has the columns {', '.join(whole_table(files, name).columns[:8])}"
    except ValueError as error:
        return f"; {error}"
