"""HAM10000: dermoscopic images of seven kinds of pigmented skin lesion, with lesion masks.

Source: Tschandl, Rosendahl, Kittler, Sci. Data 2018, doi:10.7910/DVN/DBW86T; masks: Tschandl et al., Nat. Med. 2020.
"""

from functools import partial

from carekit.data import origins
from carekit.data.files import Source
from carekit.data.listing import Faults, Layout, Listing, by_stem, checked, has_table, match, one_table, read_table

CLASSES = {
    "nv": "melanocytic nevus",
    "mel": "melanoma",
    "bkl": "benign keratosis",
    "bcc": "basal cell carcinoma",
    "akiec": "actinic keratosis or Bowen's disease",
    "vasc": "vascular lesion",
    "df": "dermatofibroma",
}
METADATA = ("ham10000_metadata", "ham10000_metadata.csv", "ham10000_metadata.tab")
MASKS = ("_segmentation.png",)
FACTS = {
    "name": "ham10000",
    "title": "HAM10000: dermoscopic images of pigmented skin lesions",
    "licence": origins.HAM10000.licence,
    "citation": origins.HAM10000.citation,
    "source": "Harvard Dataverse, doi:10.7910/DVN/DBW86T, with the lesion masks of Tschandl et al., Nat. Med. 2020",
}


def read(files: Source, faults: Faults) -> Listing:
    """The metadata, one image and perhaps one lesion mask for each of its rows. Raises ValueError."""
    name = one_table(files, METADATA)
    table = read_table(files, name, ["lesion_id", "image_id", "dx"])
    table = table.rename(columns={"lesion_id": "group", "dx": "diagnosis"})
    table = checked(faults, table, name, CLASSES)
    table = match(faults, files, table, by_stem(faults, files, (".jpg", ".jpeg")), ".jpg")
    masks = by_stem(faults, files, MASKS)
    return Listing(table.assign(mask=[masks.get(name, "") for name in table.image_id]), CLASSES, FACTS, rare=["df"])


HAM10000 = Layout(
    "ham10000",
    ("lesion", "image"),
    read,
    partial(has_table, names=METADATA),
    "it must hold HAM10000_metadata.csv, the images as .jpg and the masks as *_segmentation.png",
)
