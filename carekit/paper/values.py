"""Settings, counts and sweeps of the paper."""

from typing import NamedTuple


class Settings(NamedTuple):
    """Section 4.1 and Table 1: the skin data; the chest films differ in λ."""

    alpha: float = 0.5
    tau: float = 0.7
    lam: float = 1.0
    box_scale: float = 1.0
    lr: float = 1e-4
    batch_size: int = 96
    epochs: int = 200  # at most, in each stage
    size: int = 224  # pixels


DEFAULTS = Settings()
CHEST_DEFAULTS = Settings(lam=0.5)
TEST_SHARE = 0.2  # of the images of each class

# Fig. 1 and section 4.1, images before the split.
SKIN_COUNTS = {"nv": 6705, "mel": 1113, "bkl": 1099, "bcc": 514, "akiec": 327, "vasc": 142, "df": 115}
CHEST_COUNTS = {"normal": 8851, "abnormal": 6012, "opacity": 105}

SKIN_NAMES = {
    "nv": "melanocytic nevus",
    "mel": "melanoma",
    "bkl": "benign keratosis",
    "bcc": "basal cell carcinoma",
    "akiec": "actinic keratosis or Bowen's disease",
    "vasc": "vascular lesion",
    "df": "dermatofibroma",
}
CHEST_NAMES = {"normal": "normal", "abnormal": "not normal, but no lung opacity", "opacity": "lung opacity"}

SWEEPS = {
    "alpha": [0.1, 0.3, 0.5, 0.7, 0.9],  # Table 5
    "tau": [0.2, 0.4, 0.5, 0.7, 1.0],  # Table 6, Fig. 12
    "lam": [0.7, 1.0, 1.3],  # Table 7
    "box_scale": [0.7, 0.9, 1.0, 1.1],  # Fig. 11
}
