"""HAM10000: dermoscopic images of seven kinds of pigmented skin lesion, with lesion masks.

Source: Tschandl, Rosendahl, Kittler, Sci. Data 2018, doi:10.7910/DVN/DBW86T; masks: Tschandl et al., Nat. Med. 2020.
"""

from functools import partial

from carekit.material.intake.download import origins
from carekit.material.intake.layouts.layout import Faults, Layout, Listing, and_more
from carekit.material.intake.layouts.tables import (
    attach_files,
    check_rows,
    files_by_stem,
    has_table,
    ids_of_images,
    one_table,
    read_table,
)
from carekit.material.intake.sources import Source
from carekit.paper import SKIN_NAMES

CLASSES = SKIN_NAMES
TABLES = ("ham10000_metadata", "ham10000_metadata.csv", "ham10000_metadata.tab")
MASK_ENDINGS = ("_segmentation.png",)
PHOTOGRAPHS = (".jpg", ".jpeg", ".png")
TEST = "ISIC2018_Task3_Test"  # the challenge's test images lie in the same record, and are no part of HAM10000
FACTS = {
    "name": "ham10000",
    "title": "HAM10000: dermoscopic images of pigmented skin lesions",
    "licence": origins.HAM10000.licence,
    "citation": origins.HAM10000.citation,
    "source": "Harvard Dataverse, doi:10.7910/DVN/DBW86T, with the lesion masks of Tschandl et al., Nat. Med. 2020",
}


def read(files: Source, faults: Faults) -> Listing:
    """The metadata, one image and perhaps one lesion mask for each of its rows. Raises ValueError."""
    name = one_table(files, TABLES)
    table = read_table(files, name, ["lesion_id", "image_id", "dx"])
    table = table.rename(columns={"lesion_id": "group", "dx": "diagnosis"})
    table = check_rows(faults, table.assign(image_id=ids_of_images(table.image_id)), name, CLASSES)
    known = set(table.image_id)
    photographs = files_by_stem(faults, files, PHOTOGRAPHS, but=MASK_ENDINGS)
    tests = [key for key, file in photographs.items() if TEST in file and key not in known]
    if tests:
        faults.note(f"{and_more(tests)} of the challenge's test set lie beside HAM10000 and are not read")
    table = attach_files(
        faults, files, table, {key: photographs[key] for key in photographs.keys() - set(tests)}, ".jpg"
    )
    masks = files_by_stem(faults, files, MASK_ENDINGS)
    return Listing(table.assign(mask=[masks.get(name, "") for name in table.image_id]), CLASSES, FACTS, rare=["df"])


HAM10000 = Layout(
    name="ham10000",
    splits=("lesion", "image"),
    read=read,
    fits=partial(has_table, names=TABLES),
    expects="it must hold HAM10000_metadata.csv, the images as .jpg and the masks as *_segmentation.png",
)
