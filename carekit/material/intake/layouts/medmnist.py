"""MedMNIST+: dermamnist and pneumoniamnist as .npz archives at 28 to 224 pixels, with a fixed split and no boxes.

Source: Yang et al., MedMNIST v2, Sci. Data 2023, doi:10.1038/s41597-022-01721-8.
"""

import numpy as np
import pandas as pd

from carekit.ground.messages import one_of
from carekit.material.intake.download import origins
from carekit.material.intake.layouts.ham10000 import CLASSES as SKIN
from carekit.material.intake.layouts.layout import Faults, Layout, Listing
from carekit.material.intake.layouts.tables import check_rows
from carekit.material.intake.sources import Source

PARTS = {"train": "train", "val": "train", "test": "test"}
# The order of the labels in the archives.
CLASSES = {
    "dermamnist": {name: SKIN[name] for name in ("akiec", "bcc", "bkl", "df", "mel", "nv", "vasc")},
    "pneumoniamnist": {"normal": "normal", "pneumonia": "pneumonia"},
}
# How many images each of the two has, by part; and the others, which have other classes in the same form.
PUBLISHED = {"dermamnist": (7007, 1003, 2005), "pneumoniamnist": (4708, 524, 624)}
OTHERS = "path chest oct retina breast blood tissue organa organc organs".split()
_NEEDED = {f"{part}_{what}.npy" for part in PARTS for what in ("images", "labels")}


def read(files: Source, faults: Faults, which: str = "") -> Listing:
    """Unpacked arrays; the publisher's validation images join the training part. Raises ValueError.

    Args:
        which: dermamnist or pneumoniamnist, where neither the file's name nor its number of images tells.
    """
    if set(files.arrays) != _NEEDED:
        raise ValueError(f"the archive must hold {', '.join(sorted(_NEEDED))} and nothing else")
    colours = {array.ndim == 4 for name, array in files.arrays.items() if "images" in name}
    if len(colours) != 1:
        raise ValueError("some images have colours and some have none: download the archive again")
    which = one_of("which", which or _which(files), CLASSES)
    if colours != {which == "dermamnist"}:
        raise ValueError(f"the images of {which} are {'in colour' if which == 'dermamnist' else 'grey'}, and these not")
    table = pd.concat([_part(files, part, list(CLASSES[which])) for part in PARTS], ignore_index=True)
    table = check_rows(faults, table, "the labels", CLASSES[which])
    facts = {
        "name": which,
        "title": f"MedMNIST+: {which}",
        "licence": origins.MEDMNIST[which, 28].licence,
        "citation": origins.MEDMNIST[which, 28].citation,
        "source": "Zenodo, doi:10.5281/zenodo.10519652",
    }
    return Listing(table, CLASSES[which], facts)


def _which(files: Source) -> str:
    """The data set, by the name of its file or else by how many images the parts have."""
    name = files.published.lower()
    other = next((each for each in OTHERS if f"{each}mnist" in name), "")
    if other:
        known = " and ".join(CLASSES)
        raise ValueError(f"{files.published} is {other}mnist, whose classes are others: of MedMNIST, {known} are read")
    counts = tuple(len(files.arrays[f"{part}_images.npy"]) for part in PARTS)
    found = next((which for which in CLASSES if which in name or PUBLISHED[which] == counts), "")
    if not found:
        words = "neither its name nor its number of images tells which data set it is"
        raise ValueError(f"{files.published}: {words}: say --which dermamnist or --which pneumoniamnist")
    return found


def _part(files: Source, part: str, classes: list[str]) -> pd.DataFrame:
    file = f"{part}_images.npy"
    images = files.arrays[file]
    labels = np.asarray(files.arrays[f"{part}_labels.npy"])
    if labels.ndim > 1 and labels.shape[1] > 1:
        raise ValueError(f"{part}_labels.npy gives {labels.shape[1]} labels to each image: one is needed")
    labels = labels.reshape(-1)  # (n, 1) -> (n,)
    form = images.shape[3:] in ((), (3,)) and images.ndim > 2 and images.shape[1] == images.shape[2]
    if images.dtype != np.uint8 or not form:
        raise ValueError(f"{file} is {images.dtype} {images.shape}: it must be uint8 (n, s, s) or (n, s, s, 3)")
    if labels.dtype.kind not in "iu":
        raise ValueError(f"{part}_labels.npy holds {labels.dtype}: it must be whole numbers, so download it again")
    if len(labels) != len(images):
        raise ValueError(f"{file} has {len(images)} images and there are {len(labels)} labels: download it again")
    ids = [f"{part}-{i:06d}" for i in range(len(images))]
    names = [classes[i] if 0 <= i < len(classes) else str(i) for i in labels.astype(int)]
    rows = [f"{file}/{i}" for i in range(len(images))]
    return pd.DataFrame(
        {"image_id": ids, "diagnosis": names, "group": ids, "image": rows, "mask": "", "split": PARTS[part]}
    )


MEDMNIST = Layout(
    name="medmnist",
    splits=("fixed", "image"),
    read=read,
    fits=lambda files: _NEEDED <= {name.split("/")[0] for name in files.names},
    expects="it must be dermamnist*.npz or pneumoniamnist*.npz as MedMNIST publishes it",
)
