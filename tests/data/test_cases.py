"""Inputs in the shape of public downloads and bug reports, kept beside the checkout: each ends right or in a sentence.

`standard` boxes: that of picture number i is (10 + 3 i, 20, 40 + 3 i, 44) in pixels of its file.
"""

import io
import os
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from carekit.data.prepared import Prepared
from carekit.material.intake.layouts import recognise
from carekit.material.intake.preparing.command_line import run_prepare
from carekit.material.intake.sources import open_source

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("CAREKIT_SHARED", ROOT / ".." / "shared")).resolve()
CASES = SHARED / "cases" / "data"
SIZE = 64

pytestmark = pytest.mark.skipif(not CASES.is_dir(), reason=f"{CASES} is not here")

# A sentence that must come, for what cannot be read or is not clear.
REFUSED = {
    "boxes_other_folder_same_name": r"box for 'valid/img0.png', .*; train/img0.png is in another folder",
    "boxes_percent": r"they seem to be per cents: say --boxes-in percent, or --boxes-in pixels",
    "csv_label_case": r"classes 'nv' and 'NV' differ by case only",
    "csv_xlsx": r"save labels.xlsx as labels.csv",
    "dcm_jpeg_lossless": r"its compression needs a package: pip install",
    "dcm_jpeg_ls": r"its compression needs a package: pip install",
    "img_180_megapixels": r"img0.png has 180000000 pixels, more than \d+: scale it down",
    "med_blood": r"is bloodmnist, whose classes are others",
    "med_breast_as_pneumonia": r"is breastmnist, whose classes are others",
    "med_chest_multilabel": r"is chestmnist, whose classes are others",
    "med_retina_as_derma": r"is retinamnist, whose classes are others",
    "name_integer_ids_lost_zeros": r"'0' seems to have lost its zeros",
    "yolo_names_do_not_match": r"8 label file\(s\) .* fit no image; the nearest to 'img_0' is images/img0.png",
    "zip_gbk_names": r"names in set.zip are in another code page",
}
# A note that must come with what is prepared.
NOTED = {
    "boxes_normalised": "read as shares of the images",
    "boxes_partly_beyond": r"8 box\(es\) reach beyond the image and are clipped",
    "coco_bbox_corners": "bbox holds two corners",
    "coco_bbox_empty": r"1 annotation\(s\) have no box",
    "coco_other_categories": "boxes of 2 categories: lesion 8, ruler 8",
    "coco_resized_images": r"8 box\(es\) were drawn in a picture of another size and are scaled",
    "folder_irrelevant_zip": "left alone: .*backup.zip",
    "group_named_patient_id": "the column patient_id is taken for the group",
    "ham_dataverse_download_all": "of the challenge's test set lie beside HAM10000",
    "imagefolder_split": "folders for training and test are kept as the split",
    "isic2020_csv": "the column benign_malignant is taken for the label",
    "isic_cli_metadata": "the column patient_id is taken for the group",
    "mask_inverted": "read as black on white",
    "rsna_default_subset": r"leaves out 9 of 24 films \(3 abnormal, 6 opacity\): --subset all keeps them",
    "split_says_test_by_folder": "folders for training and test are kept as the split",
    "yolo_two_classes": "boxes of 2 categories: lesion 8, ruler 8",
}
# Without boxes.
BARE = {"hf_metadata_csv", "imagefolder", "imagefolder_split", "isic2019_onehot", "isic2020_csv", "isic_cli_metadata"}
BARE |= {"med_folder", "no_boxes_with_other_json"}
# How many boxes each picture has, by its number, where it is not one.
COUNTS = {name: lambda i: i % 2 for name in ("boxes_nan_rows", "rsna_style_own_target", "vindr_train_csv")}
COUNTS |= {"coco_bbox_empty": lambda i: int(i != 2)}
# Pictures and boxes of their own: their boxes in shares of the image.
OTHERS = {
    "boxes_of_original_resolution": lambda i: (200 / 512, 200 / 512, (440 + 2 * i) / 512, 440 / 512),
    "boxes_partly_beyond": lambda i: (400 / 512, 400 / 512, 1, 1),
    "coco_resized_images": lambda i: ((10 + i) / 120, 12 / 120, (40 + i) / 120, 50 / 120),
    "boxes_nih_header": lambda i: (
        (10.5 + 3 * i) / _wide(i),
        20.5 / _tall(i),
        (40.5 + 3 * i) / _wide(i),
        44.5 / _tall(i),
    ),
    "zip_well_packed_masks": lambda i: (2 / 15, 0.2, 7 / 15, 0.6),
}
FOREIGN = {"ham_", "rsna_"}  # told by their own tests; here only that all images and a box for each lesion are there


def _wide(i):
    return 90 if i % 2 else 120


def _tall(i):
    return 130 if i % 2 else 80


def _standard(i):
    return (10 + 3 * i) / _wide(i), 20 / _tall(i), (40 + 3 * i) / _wide(i), 44 / _tall(i)


def _cases():
    return sorted(path.name for path in CASES.iterdir() if path.is_dir()) if CASES.is_dir() else []


def _prepare(case, out, *more):
    readme = next((CASES / case).glob("README*")).read_text(encoding="utf-8")
    source = CASES / case / re.search(r"--source (\S+)", readme)[1]
    subset = ["--subset", "all"] if "--subset all" in readme else []
    if not source.exists():
        pytest.skip("its archive of 210 MB is not kept")
    return run_prepare(
        [str(source), "--out", str(out), "--size", "64", "--workers", "1", *subset, *more], lambda _: None
    )


def _number(name, case):
    """The number of a picture. In two cases it stands in the file's order and not in its name."""
    digits = int(re.search(r"(\d+)(?=\D*$)", re.sub(r"\.rf\..*|_downsampled", "", name))[1])
    if case == "coco_string_image_id":
        return digits ^ 1 if digits > 3 else {3: 0, 0: 1, 1: 2, 2: 3}[digits]
    if case == "group_named_patient_id":
        return digits % 16
    if case == "yolo_some_same_stem" and name.startswith("valid"):
        return 7
    second = {"mask_same_stem_two_folders": "test", "yolo_same_stem_two_folders": "valid"}.get(case)
    return digits + 4 if second and name.startswith(second) else digits


@pytest.mark.parametrize("case", _cases())
def test_a_case_ends_right_or_in_one_sentence(case, tmp_path, capsys):
    status = _prepare(case, tmp_path / "out")
    told = capsys.readouterr()
    if case in REFUSED:
        sentence = told.err.strip().splitlines()[-1]
        assert status == 2 and re.search(REFUSED[case], sentence), sentence
        assert list(tmp_path.iterdir()) == []
        return
    assert status == 0, told.err
    data = Prepared.open(tmp_path / "out")
    assert re.search(NOTED.get(case, ""), "\n".join(data.facts["notes"]))
    assert "Next: python -m carekit check" in told.out
    if case in BARE:
        assert data.boxes.empty
    elif case.startswith(tuple(FOREIGN)) and case != "rsna_style_own_target":
        lesions = (
            data.labels == data.classes.index("opacity") if "opacity" in data.classes else np.ones(len(data), bool)
        )
        assert ([len(data.boxes_of(i)) > 0 for i in range(len(data))] == lesions).all()
        assert len(data) == (28 if case.startswith("ham") else 15 if case == "rsna_default_subset" else 24)
    else:
        expected = OTHERS.get(case, _standard)
        for row, name in enumerate(data.samples.image_id):
            number = _number(name, case)
            boxes = data.boxes_of(row)
            categories = 2 if case in ("coco_other_categories", "yolo_two_classes") else 1
            assert len(boxes) == COUNTS.get(case, lambda _, n=categories: n)(number), name
            if len(boxes):
                assert np.abs(boxes - np.array(expected(number)) * SIZE).max(axis=1).min() < 0.02, name


def _need(case):
    if not (CASES / case).is_dir():
        pytest.skip(f"{case} is not here")


@pytest.mark.parametrize("case", ["coco_other_categories", "yolo_two_classes"])
def test_one_category_is_chosen(case, tmp_path):
    _need(case)
    assert _prepare(case, tmp_path / "out", "--category", "lesion") == 0
    data = Prepared.open(tmp_path / "out")
    assert len(data.boxes) == 8 and data.facts["boxes_by_category"] == {"lesion": 8} and data.facts["notes"] == []


def test_per_cents_are_read_when_they_are_said_to_be(tmp_path):
    _need("boxes_percent")
    assert _prepare("boxes_percent", tmp_path / "out", "--boxes-in", "percent") == 0
    np.testing.assert_allclose(Prepared.open(tmp_path / "out").boxes_of(0), [[16, 16, 48, 48]], atol=0.1)


@pytest.mark.parametrize("case", ["group_named_patient_id", "isic_cli_metadata", "isic2020_csv", "group_float"])
def test_no_patient_has_images_in_both_parts(case, tmp_path):
    _need(case)
    assert _prepare(case, tmp_path / "out") == 0
    samples = Prepared.open(tmp_path / "out").samples
    assert (samples.groupby("group").split.nunique() == 1).all() and not samples.group.str.contains(r"\.").any()
    assert samples.group.nunique() < len(samples) or case.startswith("isic")


def _read(case, name):
    """A picture as it is read, and the bytes of its file."""
    _need(case)
    with open_source(CASES / case / "input") as files:
        return np.asarray(files.image(name)).astype(int), files.read(name)


def _stored(data, channels=1, kind=np.uint8):
    """The pixels of an uncompressed film as its bytes are."""
    film = pytest.importorskip("pydicom").dcmread(io.BytesIO(data), force=True)
    pixels = np.frombuffer(film.PixelData, kind)[: film.Rows * film.Columns * channels]
    return pixels.reshape(film.Rows, film.Columns, channels).astype(int)


def test_films_without_a_header_inverted_and_in_colour():
    for case, channels in (("dcm_no_preamble", 1), ("dcm_presentation_inverse", 1), ("dcm_rgb", 3)):
        image, data = _read(case, "img0.dcm")
        stored = _stored(data, channels)
        assert (image == (255 - stored if case == "dcm_presentation_inverse" else stored)).all()
    image, data = _read("dcm_ybr_jpeg", "img0.dcm")
    jpeg = data[data.index(b"\xff\xd8\xff") :]
    assert np.abs(image - np.asarray(Image.open(io.BytesIO(jpeg)).convert("RGB"))).max() <= 1


def test_padding_and_outliers_do_not_decide_the_range():
    image, data = _read("dcm_padding", "img0.dcm")
    stored = _stored(data, kind=np.int16)[..., 0]
    known = stored != -2000
    assert (image[~known] == 0).all() and not known.all()
    assert np.corrcoef(image[known][:, 0], stored[known])[0, 1] > 0.99 and image[known].max() == 255
    image, data = _read("img_16bit_one_hot_pixel", "img0.png")
    deep = np.asarray(Image.open(io.BytesIO(data))).astype(int)
    expected = (np.minimum(deep, 1020) - deep.min()) * 255 / (np.percentile(deep, 99.9) - deep.min())
    assert deep.max() == 65535 and np.abs(image[..., 0] - expected.clip(0, 255)).max() <= 1


def test_recognition_goes_by_content(tmp_path):
    for case, kind in {"imagefolder": "own", "isic2019_onehot": "own", "rsna_zip_flat": "rsna"}.items():
        _need(case)
        with open_source(CASES / case / "input") as files:
            assert recognise(files).name == kind
