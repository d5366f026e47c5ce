"""Each format gives the box that was drawn, the category, and what is wrong with a file, in one sentence."""

import json

import numpy as np
import pytest
from PIL import Image

from carekit.material.intake.layouts.annotations import FORMATS, Place, read_boxes
from carekit.material.intake.layouts.layout import Faults
from carekit.material.intake.layouts.matching import Images
from carekit.material.intake.sources import open_source

BOX = [10, 6, 30, 24]
SHARES = "0.25 0.2 0.75 0.8"  # the same as corners in shares of 40 x 30


@pytest.fixture
def root(tmp_path):
    (tmp_path / "images").mkdir()
    for name in "ab":
        Image.new("RGB", (40, 30)).save(tmp_path / "images" / f"{name}.png")
    return tmp_path


def _read(root, categories=(), faults=None, **options):
    with open_source(root) as files:
        pictures = [name for name in files.names if name.endswith("png")]
        place = Place(files, faults or Faults(), Images(pictures), ["nv", "mel"], **options)
        boxes, _ = read_boxes(place, {name: name[-5] for name in pictures}, (), categories)
    return boxes


def _json(root, name, data):
    (root / name).write_text(json.dumps(data), encoding="utf-8-sig")


def _coco(boxes, **image):
    images = [{"id": 1, "file_name": "a.png", **image}, {"id": 2.0, "file_name": "images\\b.png", **image}]
    return {
        "images": images,
        "annotations": boxes,
        "categories": [{"id": 1, "name": "lesion"}, {"id": 2, "name": "ruler"}],
    }


def _voc(first, size=""):
    x0, y0, x1, y1 = (10 + first, 6 + first, 30, 24)
    box = f"<bndbox><xmin>{x0}</xmin><ymin>{y0}</ymin><xmax>{x1}</xmax><ymax>{y1}</ymax></bndbox>"
    return f"<annotation>{size}<object><name>lesion</name>{box}</object></annotation>"


def _via(shape):
    region = {"shape_attributes": shape, "region_attributes": {"kind": "lesion"}}
    return {
        "a.png12": {"filename": "a.png", "size": 12, "regions": [region]},
        "b": {"filename": "b.png", "regions": {}},
    }


def _labelme(shape):
    return {"imagePath": "../a.png", "shapes": [{"label": "lesion", **shape}]}


POLYGON = [[10, 6], [30, 10], [20, 24]]
WAYS = {
    "coco": ("x.json", _coco([{"image_id": "1", "category_id": 1, "bbox": [10, 6, 20, 18]}])),
    "coco of another size": (
        "x.json",
        _coco([{"image_id": 1, "category_id": 1, "bbox": [20, 12, 40, 36]}], width=80, height=60),
    ),
    "coco outline": (
        "x.json",
        _coco(
            [{"image_id": 1, "category_id": "1", "segmentation": [[10, 6, 30, 6, 30, 24]]}, {"image_id": 2, "bbox": []}]
        ),
    ),
    "coco corners": (
        "x.json",
        _coco([{"image_id": 1, "category_id": 1, "bbox": BOX, "area": 360}, {"image_id": 2, "bbox": []}]),
    ),
    "yolo": ("labels/a.txt", "0 0.5 0.5 0.5 0.6\n"),
    "yolo with a confidence": ("images/a.txt", "0 0.5 0.5 0.5 0.6 0.913"),
    "yolo polygon": ("labels/a.txt", "0 0.25 0.2 0.75 0.3 0.5 0.8"),
    "voc from 1": ("Annotations/a.xml", _voc(1)),
    "voc of another size": ("Annotations/a.xml", _voc(1, "<size><width>40</width><height>30</height></size>")),
    "labelme": ("images/a.json", _labelme({"shape_type": "rectangle", "points": [[30, 24], [10, 6]]})),
    "labelme polygon": ("images/a.json", _labelme({"shape_type": "polygon", "points": POLYGON})),
    "via": ("via.json", _via({"name": "rect", "x": 10, "y": 6, "width": 20, "height": 18})),
    "via project": (
        "via.json",
        {"_via_img_metadata": _via({"name": "ellipse", "cx": 20, "cy": 15, "rx": 10, "ry": 9}), "_via_settings": {}},
    ),
    "via polygon": ("via.json", _via({"name": "polygon", "all_points_x": [10, 30], "all_points_y": [6, 24]})),
    "csv": ("boxes.csv", "image,x0,y0,x1,y1,category\na.png,10,6,30,24,lesion\nb,,,,,\n"),
    "csv of VinDr": (
        "boxes.csv",
        "image_id,class_name,x_min,y_min,x_max,y_max\na,lesion,10,6,30,24\nb,No finding,,,,\n",
    ),
    "csv of NIH": ("boxes.csv", "Image Index,Finding Label,Bbox [x,y,w,h],,,\na.png,lesion,10,6,20,18,,,\n"),
    "csv of RSNA": ("boxes.csv", "patientId,x,y,width,height,class\nb,,,,,\na,10,6,20,18,lesion\n"),
    "csv of two corners": ("boxes.csv", "filename;class;x1;y1;x2;y2\na.png;lesion;10,0;6,0;30,0;24,0\n"),
    "csv in shares": ("boxes.csv", f"image,x0,y0,x1,y1,category\na.png,{SHARES.replace(' ', ',')},lesion\n"),
}


@pytest.mark.parametrize("way", WAYS)
def test_the_box_of_its_image_and_its_category(root, way):
    name, data = WAYS[way]
    (root / name).parent.mkdir(exist_ok=True)
    (root / name).write_text(data) if isinstance(data, str) else _json(root, name, data)
    (root / "classes.txt").write_text("lesion\nruler\n")
    boxes = _read(root)
    assert boxes.image_id.tolist() == ["a"] and boxes.category.tolist() == ["lesion"]
    [(x0, y0, x1, y1, wide, tall)] = boxes[["x0", "y0", "x1", "y1", "width", "height"]].to_numpy(float)
    across, down = (1, 1) if np.isnan(wide) else (40 / wide, 30 / tall)
    np.testing.assert_allclose([x0 * across, y0 * down, x1 * across, y1 * down], BOX)


@pytest.mark.parametrize(
    "names", ["names: [lesion, 'ruler']", "names:\n  0: lesion\n  1: ruler\nnc: 2", "names:\n- lesion\n- ruler"]
)
def test_the_categories_of_yolo_are_those_of_its_yaml(root, names):
    (root / "data.yaml").write_text(f"train: ../train\n{names}\n")
    (root / "images" / "a.txt").write_text("0 0.5 0.5 0.5 0.6\n1 0.5 0.1 0.9 0.1\n")
    faults = Faults()
    assert _read(root, faults=faults).category.tolist() == ["lesion", "ruler"]
    assert faults.notes == ["boxes of 2 categories: lesion 1, ruler 1; all are used: choose by --category"]
    assert _read(root, ["lesion"]).category.tolist() == ["lesion"]
    with pytest.raises(ValueError, match="category = 'rule' is unknown: did you mean 'ruler'"):
        _read(root, ["rule"])


def test_several_coco_files_are_joined_and_captions_are_none(root):
    one = _coco([{"image_id": 1, "category_id": 1, "bbox": [10, 6, 20, 18]}])
    two = _coco([*one["annotations"], {"image_id": 2, "category_id": 1, "bbox": [1, 2, 3, 4]}])
    _json(root, "train.json", one)
    _json(root, "val.json", two)  # the box of `a` is in both
    _json(root, "captions.json", one | {"annotations": [{"image_id": 1, "caption": "x"}]})
    _json(root, "dataset-metadata.json", {"title": "x"})
    assert _read(root).image_id.tolist() == ["a", "b"]


def test_voc_files_that_count_from_0(root):
    (root / "a.xml").write_text(_voc(0))
    (root / "b.xml").write_text(_voc(0).replace(">6<", ">0<"))
    assert _read(root)[["x0", "y0"]].to_numpy().tolist() == [[10, 6], [10, 0]]


def test_prose_and_logs_are_no_yolo_files(root):
    (root / "images" / "a.txt").write_text("Patient's age: 45\nnormal")
    (root / "images" / "b.txt").write_text("male 31 yrs\n")
    (root / "notes.json").write_text("[1, 2]")
    assert _read(root) is None


def test_categories_that_are_the_classes_need_no_choice(root):
    (root / "boxes.csv").write_text("image,x0,y0,x1,y1,label\na,1,2,3,40,nv\nb,1,2,3,40,mel\n")
    faults = Faults()
    assert len(_read(root, faults=faults)) == 2 and faults.notes == []


FAULTS = {
    "packed": ("x.json", _coco([{"image_id": 1, "segmentation": {"counts": [1]}}]), "has a packed mask and no bbox"),
    "no owner": (
        "x.json",
        _coco([{"image_id": 9, "bbox": [1, 2, 3, 4]}]),
        "there is a box for '9', which has no label",
    ),
    "other part": (
        "x.json",
        {"images": [{"id": 1, "file_name": "train/a.png"}], "annotations": [{"image_id": 1, "bbox": [1, 2, 3, 4]}]},
        None,
    ),
    "unmatched": ("labels/c.txt", "0 0.5 0.5 0.5 0.6", r"1 label file\(s\) \(labels/c.txt\) fit no image"),
    "yolo pixels": ("images/a.txt", "0 20 15 10 10", "images/a.txt, line 1: the box is not in shares from 0 to 1"),
    "yolo three": ("images/a.txt", "0 0.5 0.5 0.1", "images/a.txt is no YOLO file: line 1 is neither"),
    "voc": ("images/a.xml", "<annotation><object><bndbox></bndbox></object></annotation>", "a.xml is no VOC file"),
    "voc entities": ("images/a.xml", "<!DOCTYPE a [<!ENTITY b 'c'>]><annotation/>", "a.xml is no plain VOC file"),
    "labelme": ("images/a.json", _labelme({"points": [[1, 2], 3]}), "images/a.json has a shape that is none"),
    "via": ("via.json", _via({"name": "rect", "x": 1}), "via.json: a region of 'a.png' is none"),
    "csv head": (
        "boxes.csv",
        "image,left\na,1\n",
        "boxes.csv has no columns for the corners: .* and has 'image', 'left'",
    ),
    "csv text": ("boxes.csv", "image,x,y,w,h\na,1,2,ten,4\n", "boxes.csv: x, y, w, h of image 'a' are not all finite"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_told_in_one_sentence(root, fault):
    name, data, sentence = FAULTS[fault]
    (root / name).parent.mkdir(exist_ok=True)
    (root / name).write_text(data) if isinstance(data, str) else _json(root, name, data)
    if sentence is None:  # a foreign folder before images/ is no other part of this set
        assert len(_read(root)) == 1
        return
    with pytest.raises(ValueError, match=sentence) as error:
        _read(root)
    assert "\n" not in str(error.value)


def test_boxes_in_two_formats_and_a_file_that_cannot_be_read(root):
    (root / "boxes.csv").write_text("image,x0,y0,x1,y1\na,1,2,30,20\n")
    (root / "broken.json").write_text("{")
    faults = Faults()
    assert len(_read(root, faults=faults)) == 1 and "broken.json is no COCO file" in faults.notes[0]
    (root / "images" / "a.txt").write_text("0 0.5 0.5 0.5 0.6")
    with pytest.raises(ValueError, match="has boxes.csv and YOLO files: keep one of them"):
        _read(root)
    assert len({each.name for each in FORMATS}) == len(FORMATS)


def test_per_cents_are_asked_for(root):
    for name in "ab":
        Image.new("RGB", (400, 300)).save(root / "images" / f"{name}.png")
    (root / "boxes.csv").write_text("image,x,y,w,h\na,25,20,50,60\nb,25,20,50,60\n")
    with pytest.raises(ValueError, match="seem to be per cents: say --boxes-in percent, or --boxes-in pixels"):
        _read(root)
    assert _read(root, boxes_in="percent")[["x0", "y1", "width"]].to_numpy().tolist() == [[0.25, 0.8, 1]] * 2
    assert np.isnan(_read(root, boxes_in="pixels").width).all()
