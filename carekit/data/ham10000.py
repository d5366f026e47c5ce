"""HAM10000: dermoscopic images of seven kinds of pigmented skin lesion, with lesion masks turned into boxes.

Source: Tschandl, Rosendahl, Kittler, Sci. Data 2018, doi:10.7910/DVN/DBW86T; the masks: Tschandl et al., Nat. Med. 2020.
"""

import io
import os
import shutil
import signal
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from multiprocessing import get_context
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd
from PIL import Image, ImageOps
from skimage.measure import label as components
from tqdm import tqdm

from carekit.data.files import atomic_folder, open_source
from carekit.data.prepared import BOXES, IMAGES, MASKS, Prepared, resize, resize_mask, write_tables
from carekit.data.splits import split_by_group, split_by_image

CLASSES = {
    "nv": "melanocytic nevus",
    "mel": "melanoma",
    "bkl": "benign keratosis",
    "bcc": "basal cell carcinoma",
    "akiec": "actinic keratosis / Bowen's disease",
    "vasc": "vascular lesion",
    "df": "dermatofibroma",
}
