"""Inputs in the shape of other people's data, kept beside the checkout: each ends right, or in a sentence that helps.

The right values are in the README of each: the class of each picture, and its boxes in pixels of the upright picture.
"""

import json
import os
import re
from pathlib import Path

import numpy as np
import pytest

from carekit.data.prepared import Prepared
from carekit.material.intake.doctor.examine import examine
from carekit.material.intake.preparing.command_line import run_prepare

ROOT = Path(__file__).resolve().parents[2]
CASES = Path(os.environ.get("CAREKIT_SHARED", ROOT / ".." / "shared")).resolve() / "cases" / "data3"
SIZE = 64

pytestmark = pytest.mark.skipif(not CASES.is_dir(), reason=f"{CASES} is not here")

# The sentence that must come, for what cannot be read or is not clear.
REFUSED = {
    "boxes_thousands_xywh": "boxes.csv: 1,024 may be a thousand or a decimal",
    "busi": r"_mask.png and .*_mask_1.png .* are different, and belong to one image: join them",
    "coco_labels_from_categories": "has no known layout: found: 12 .jpg, 3 .json",
    "coco_merged_ids_restart": "coco.json: image id 1 is given to img0.png and to img8.png",
    "coco_orphan_numeric_names": "a box for '5', which has no label: none of the 7 images has this id",
    "coco_rle_only": "annotation 1 has a packed mask and no bbox: export it with bbox",
    "excel_scientific_ids": r"'1E\+05' looks like a number that a spreadsheet has shortened",
    "eyepacs": r"trainLabels.csv names the images, .*: choose the class by --label: level",
    "folders_and_unknown_table": "clinical.csv names the images, .*: choose the class by --label: verdict",
    "heic_named_in_table": "img0.HEIC is a HEIC or AVIF picture, which is not read: convert it",
    "html_named_jpg": "img0.jpg is a web page",
    "isic2017": "is not of exactly one class of melanoma, seborrheic_keratosis: if all 0 is a class, give it a column",
    "kermany_twice": "has no known layout",
    "label_option_no_table": "--label diagnosis: no table names the images, .*: leave it out",
    "label_studio_brush_png": r"8 mask\(s\) .* fit no image",
    "label_studio_csv_only": "the column 'label' holds lists and no classes",
    "left_right_masks_beside_images": "has no known layout",
    "rar_7z_in_folder": "have no file of that name .*unpack images.7z",
    "yolo_pose_xy_only": "each line has 10 numbers after the class, as a box with key points has",
    "yolo_two_versions": "labels/img0.txt and labels_backup/labels/img0.txt give different boxes to images/img0.png",
}
# What must be said of those that are prepared: a note, or a line of the account.
SAID = {
    "annotations_csv_beside_labels": r"boxes: 1 file\(s\) \(annotations.csv\), 8 boxes",
    "aptos": "classes: train.csv, column 'diagnosis', 10 images by column 'id_code'",
    "boxes_centre_named_xywh": "x and y as the upper left corner",
    "coco_near_square_exif_raw": "are turned with it",
    "coco_predictions_beside": "predictions.json is not read: each of its boxes has a score",
    "covid_radiography": "images of a normal class have masks: are these of organs",
    "datumaro_json": r"not read: 1 file\(s\) \(annotations/default.json\).*Datumaro.*datum convert",
    "folders": "classes: the folders' names",
    "heic_in_class_folder": r"2 picture\(s\) \(mel/img1.HEIC, nv/img0.HEIC\) are of a kind that is not read",
    "isic2020_kaggle": "named by sample_submission.csv, which gives no class, and are left out",
    "leak_patient_in_dicom_header": "the groups are the patients that the films' headers name",
    "leak_roboflow_versions": "Roboflow's versions of one picture",
    "makesense_csv": r"not read: 1 file\(s\) \(labels_my-project-name_2024-01-01.csv\)",
    "mask_colours_two_labels": "masks hold up to 2 labels besides the background",
    "prodigy_jsonl": r"not read: 1 file\(s\) \(annotations.jsonl\).*Prodigy",
    "stray_image_at_root": r"\(overview.png\) are in none of the folders of classes",
    "train_val_only": "there are folders for training, and none for test",
    "v7_darwin": "not read: 8 file.*V7 Darwin",
}
# Boxes that are not read, or cannot be known: what is said of them is above.
NO_BOXES = {"datumaro_json", "makesense_csv", "prodigy_jsonl", "v7_darwin"}
OTHER_BOXES = {"boxes_centre_named_xywh", "mask_colours_two_labels"}
# The README has no table of values.
UNSTATED = {"leak_recompressed", "sd198_class_folders"}


def _cases():
    return sorted(path.name for path in CASES.iterdir() if path.is_dir()) if CASES.is_dir() else []


def _prepare(case, out):
    readme = (CASES / case / "README.md").read_text(encoding="utf-8")
    source, options = re.search(r"prepare (\S+) --out OUT --size 64([^`]*)`", readme).groups()
    arguments = [str(CASES / case / source), "--out", str(out), "--size", str(SIZE), "--workers", "1"]
    return readme, run_prepare([*arguments, *options.split()], lambda _: None)


@pytest.mark.parametrize("case", _cases())
def test_a_case_ends_right_or_in_one_sentence(case, tmp_path, capsys):
    readme, status = _prepare(case, tmp_path / "out")
    printed = capsys.readouterr()
    if case in REFUSED:
        sentence = printed.err.strip().splitlines()[-1]
        assert status == 2 and re.search(REFUSED[case], sentence), sentence
        assert list(tmp_path.iterdir()) == []
        return
    assert status == 0, printed.err
    data = Prepared.open(tmp_path / "out")
    assert re.search(SAID.get(case, ""), "\n".join(data.facts["notes"] + data.facts["account"]))
    assert "Classes: " in printed.out and "Groups: " in printed.out
    if case in UNSTATED:
        return
    truth = {Path(row["file"]).stem: row for row in json.loads(re.search("```json\n(.*?)```", readme, re.S)[1])}
    assert len(data) == len(truth)
    for row, name in enumerate(data.samples.image_id):
        stated = truth[Path(name).name if Path(name).name in truth else Path(name).stem]
        assert data.classes[data.labels[row]] == stated["class"], name
        expected = np.array(stated.get("boxes", []), float).reshape(-1, 4) * SIZE / np.tile(stated["size"], 2)
        if case in NO_BOXES:
            assert len(data.boxes_of(row)) == 0
        elif case not in OTHER_BOXES:
            np.testing.assert_allclose(np.sort(data.boxes_of(row), 0), np.sort(expected, 0), atol=0.05)


@pytest.mark.parametrize("case", ["coco_orphan_numeric_names", "pad_ufes20", "coco_merged_ids_restart"])
def test_check_says_the_same_and_goes_on(case):
    report = examine(CASES / case / "input", workers=1)
    if case == "pad_ufes20":
        assert report.account[0].startswith("classes: metadata.csv, column 'diagnostic'") and report.healthy
    else:
        assert not report.healthy


def test_check_finds_a_picture_that_was_saved_again_for_the_other_part():
    report = examine(CASES / "leak_recompressed" / "input", workers=1)
    assert any("look the same but for compression or size, in both parts" in each.text for each in report.findings)


@pytest.mark.parametrize("case", ["leak_roboflow_versions", "leak_patient_in_dicom_header", "pad_ufes20"])
def test_no_patient_has_images_in_both_parts(case, tmp_path):
    _prepare(case, tmp_path / "out")
    samples = Prepared.open(tmp_path / "out").samples
    assert (samples.groupby("group").split.nunique() == 1).all() and samples.group.nunique() < len(samples)
