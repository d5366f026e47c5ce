"""Where the public data sets are published: addresses, sizes, checksums, licences, citations.

A checksum or a size is given only where it is known for certain; None means that nothing certain is known.
"""

from typing import NamedTuple


class Remote(NamedTuple):
    """A file to download. checksum: "md5:..." or "sha256:..." in hexadecimal digits. size: bytes."""

    url: str
    name: str
    checksum: str | None
    size: int | None


class Origin(NamedTuple):
    """Where a data set comes from. steps: what to do where an account is needed; files is empty then."""

    title: str
    licence: str
    citation: str
    files: tuple[Remote, ...]
    steps: str = ""


_HAM = "Tschandl, Rosendahl, Kittler: The HAM10000 dataset. Sci. Data 5, 180161 (2018). doi:10.1038/sdata.2018.161"
_DATAVERSE = "https://dataverse.harvard.edu/api/access/datafile/"
_ISIC = "https://isic-challenge-data.s3.amazonaws.com/2018/"
_ZENODO = "https://zenodo.org/records/10519652/files/"


def _isic(name: str, checksum: str | None = None, size: int | None = None) -> Remote:
    return Remote(_ISIC + name, name, checksum, size)


# MD5 and sizes as Dataverse states them for version 4.0 of doi:10.7910/DVN/DBW86T. Without format=original the
# metadata come converted, and the checksum is that of the original.
HAM10000 = Origin(
    "HAM10000: dermoscopic images of pigmented skin lesions, with lesion masks",
    "CC BY-NC 4.0",
    _HAM + "; masks: Tschandl et al.: Human-computer collaboration for skin cancer recognition. "
    "Nat. Med. 26, 1229-1234 (2020). doi:10.1038/s41591-020-0942-0",
    (
        Remote(
            _DATAVERSE + "4338392?format=original",
            "HAM10000_metadata.csv",
            "md5:8f85fb1aa29d80a2797247e434deb79d",
            690_218,
        ),
        Remote(
            _DATAVERSE + "3838943",
            "HAM10000_segmentations_lesion_tschandl.zip",
            "md5:6e8d252e09cfdb0189199f15985a5b84",
            10_808_743,
        ),
        Remote(
            _DATAVERSE + "3172585",
            "HAM10000_images_part_1.zip",
            "md5:4639bfa73ab251610530a97c898e6e46",
            1_366_522_108,
        ),
        Remote(
            _DATAVERSE + "3172584",
            "HAM10000_images_part_2.zip",
            "md5:da43d6cc50f6613013be07e8986b384b",
            1_403_566_547,
        ),
    ),
)

# The challenge states no checksums and only rounded sizes; the two MD5 are those on which independent users agree.
# The masks of Task 1 belong to other images than those of Task 3, whose training images are HAM10000's: so are theirs.
ISIC2018 = Origin(
    "ISIC 2018 challenge: Task 3 (diagnosis), with the masks of Task 1 and of HAM10000",
    "CC BY-NC 4.0 (Task 3), CC0 (Task 1)",
    "Codella et al.: Skin Lesion Analysis Toward Melanoma Detection 2018. arXiv:1902.03368; " + _HAM + "; "
    "HAM10000 Dataset: (c) by ViDIR Group, Department of Dermatology, Medical University of Vienna; "
    "MSK Dataset: (c) Anonymous, arXiv:1710.05006, arXiv:1902.03368",
    (
        _isic("ISIC2018_Task3_Training_LesionGroupings.csv"),
        _isic("ISIC2018_Task3_Training_GroundTruth.zip", "md5:8302427e4ce0c107559531b9f444abe9"),
        _isic("ISIC2018_Task3_Validation_GroundTruth.zip"),
        _isic("ISIC2018_Task3_Test_GroundTruth.zip"),
        _isic("ISIC2018_Task1_Training_GroundTruth.zip", "md5:ee5e5db7771d48fa2613abc7cb5c24e2", 27_402_895),
        _isic("ISIC2018_Task3_Validation_Input.zip"),
        _isic("ISIC2018_Task3_Test_Input.zip"),
        _isic("ISIC2018_Task3_Training_Input.zip", None, 2_771_732_744),
        HAM10000.files[1],
    ),
)

_MEDMNIST = "Yang et al.: MedMNIST v2. Sci. Data 10, 41 (2023). doi:10.1038/s41597-022-01721-8; "
# name -> title, licence, source to cite, and the MD5 of each size in pixels, as MedMNIST 3.0.2 states them
_SETS = {
    "dermamnist": (
        "DermaMNIST",
        "CC BY-NC 4.0",
        _HAM,
        {
            28: "0744692d530f8e62ec473284d019b0c7",
            64: "b70a2f5635c6199aeaa28c31d7202e1f",
            128: "2defd784463fa5243564e855ed717de1",
            224: "8974907d8e169bef5f5b96bc506ae45d",
        },
    ),
    "pneumoniamnist": (
        "PneumoniaMNIST",
        "CC BY 4.0",
        "Kermany et al.: Identifying medical diagnoses and treatable diseases by image-based deep learning. "
        "Cell 172, 1122-1131 (2018). doi:10.1016/j.cell.2018.02.010",
        {
            28: "28209eda62fecd6e6a2d98b1501bb15f",
            64: "8f4eceb4ccffa70c672198ea285246c6",
            128: "05b46931834c231683c68f40c47b2971",
            224: "d6a3c71de1b945ea11211b03746c1fe1",
        },
    ),
}


def _medmnist(key: str, pixels: int) -> Origin:
    title, licence, source, md5 = _SETS[key]
    name = f"{key}.npz" if pixels == 28 else f"{key}_{pixels}.npz"
    remote = Remote(f"{_ZENODO}{name}?download=1", name, f"md5:{md5[pixels]}", None)
    return Origin(f"{title} of MedMNIST+, {pixels} x {pixels} px", licence, _MEDMNIST + source, (remote,))


MEDMNIST = {(key, pixels): _medmnist(key, pixels) for key in _SETS for pixels in _SETS[key][3]}

RSNA = Origin(
    "RSNA Pneumonia Detection Challenge 2018: chest films with boxes around opacities",
    "RSNA's terms of use: any purpose, with attribution, and no attempt to identify patients",
    "Shih et al.: Augmenting the National Institutes of Health Chest Radiograph Dataset with Expert Annotations of "
    "Possible Pneumonia. Radiol. Artif. Intell. 1(1) (2019). doi:10.1148/ryai.2019180041; "
    "Wang et al.: ChestX-ray8. CVPR 2017",
    (),
    "RSNA needs a Kaggle account: log in, accept the rules at "
    "https://www.kaggle.com/c/rsna-pneumonia-detection-challenge, download its data there and unpack them in a folder",
)
