"""MedMNIST+: dermamnist and pneumoniamnist as .npz archives at 28 to 224 pixels, with a fixed split and no boxes.

Source: Yang et al., MedMNIST v2, Sci. Data 2023, doi:10.1038/s41597-022-01721-8.
"""

import numpy as np
import pandas as pd

from carekit.data.download import origins
from carekit.data.layouts.ham10000 import CLASSES as SKIN
from carekit.data.layouts.layout import Faults, Layout, Listing
from carekit.data.layouts.tables import check_rows
from carekit.data.sources import Source

PARTS = {"train": "train", "val": "train", "test": "test"}
# The order of the labels in the archives.
CLASSES = {
    "dermamnist": {name: SKIN[name] for name in ("akiec", "bcc", "bkl", "df", "mel", "nv", "vasc")},
    "pneumoniamnist": {"normal": "normal", "pneumonia": "pneumonia"},
}
_NEEDED = {f"{part}_{what}.npy" for part in PARTS for what in ("images", "labels")}


def read(files: Source, faults: Faults) -> Listing:
    """Unpacked arrays; the publisher's validation images join the training part. Raises ValueError.

    The images say which of the two it is: those of the skin have colours.
    """
    if set(files.arrays) != _NEEDED:
        raise ValueError(f"the archive must hold {', '.join(sorted(_NEEDED))} and nothing else")
    colours = {array.ndim == 4 for name, array in files.arrays.items() if "images" in name}
    if len(colours) != 1:
        raise ValueError("some images have colours and some have none: download the archive again")
    which = "dermamnist" if colours.pop() else "pneumoniamnist"
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


def _part(files: Source, part: str, classes: list[str]) -> pd.DataFrame:
    file = f"{part}_images.npy"
    images = files.arrays[file]
    labels = np.asarray(files.arrays[f"{part}_labels.npy"]).reshape(-1)  # (n, 1) -> (n,)
    form = images.shape[3:] in ((), (3,)) and images.ndim > 2 and images.shape[1] == images.shape[2]
    if images.dtype != np.uint8 or not form:
        raise ValueError(f"{file} is {images.dtype} {images.shape}: it must be uint8 (n, s, s) or (n, s, s, 3)")
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
