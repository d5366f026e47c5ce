import json
import shutil

import numpy as np
import pytest
from PIL import Image

from carekit.material.intake.layouts import recognise
from carekit.material.intake.layouts.own import OWN
from carekit.material.intake.preparing.prepare import prepare
from carekit.material.intake.sources import open_source

BOX = [10 * 16 / 40, 6 * 16 / 30, 30 * 16 / 40, 24 * 16 / 30]


def _prepare(source, out, **options):
    return prepare(OWN, source, out, **{"size": 16, "workers": 1} | options)


def _all_boxes(data):
    return np.concatenate([data.boxes_of(i) for i in range(len(data))])


def test_a_folder_with_two_tables_becomes_a_data_set(own, tmp_path):
    data = _prepare(own, tmp_path / "out", licence="CC0", title="Mine")
    assert data.counts() == {"common": 16, "rare": 8} and data.rare == ["rare"]
    assert data.facts["title"] == "Mine" and data.facts["licence"] == "CC0"
    np.testing.assert_allclose(_all_boxes(data), [BOX] * 24)
    parts = [set(data.split(name).samples.group) for name in ("train", "test")]
    assert not parts[0] & parts[1]
    assert recognise(open_source(own)).name == "own"


def test_a_zip_gives_the_same_bytes(own, tmp_path):
    archive = shutil.make_archive(str(tmp_path / "own"), "zip", own)
    _prepare(own, tmp_path / "a")
    _prepare(archive, tmp_path / "b")
    for name in ("images.npy", "boxes.csv", "samples.csv"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_boxes_by_corner_and_sides(own, tmp_path):
    text = (own / "boxes.csv").read_text().replace("x0,y0,x1,y1", "x,y,w,h").replace("10,6,30,24", "10,6,20,18")
    (own / "boxes.csv").write_text(text)
    np.testing.assert_allclose(_all_boxes(_prepare(own, tmp_path / "out")), [BOX] * 24)


def test_several_boxes_or_none(own, tmp_path):
    lines = (own / "boxes.csv").read_text().splitlines()
    lines = [line for line in lines if not line.startswith("p01")] + ["p00.png,0,0,5,5"]
    (own / "boxes.csv").write_text("\n".join(lines))
    data = _prepare(own, tmp_path / "out")
    assert [len(data.boxes_of(i)) for i in range(3)] == [2, 0, 1]


def test_a_box_partly_outside_is_clipped(own, tmp_path):
    (own / "boxes.csv").write_text("image,x0,y0,x1,y1\np00.png,-10,-5,20,100\n")
    np.testing.assert_allclose(_prepare(own, tmp_path / "out").boxes_of(0), [[0, 0, 8, 16]])


def _coco(own):
    (own / "boxes.csv").unlink()
    images = [{"id": i + 100, "file_name": f"images/p{i:02d}.png"} for i in range(24)]
    boxes = [{"image_id": i + 100, "bbox": [10, 6, 20, 18], "category_id": 1} for i in range(24)]
    return {"images": images, "annotations": boxes}


def test_coco_boxes(own, tmp_path):
    (own / "instances.json").write_text(json.dumps(_coco(own)))
    np.testing.assert_allclose(_all_boxes(_prepare(own, tmp_path / "out")), [BOX] * 24)


def test_yolo_boxes(own, tmp_path):
    (own / "boxes.csv").unlink()
    (own / "labels").mkdir()
    for i in range(24):
        (own / "labels" / f"p{i:02d}.txt").write_text("0 0.5 0.5 0.5 0.6\n")
    np.testing.assert_allclose(_all_boxes(_prepare(own, tmp_path / "out")), [BOX] * 24)


@pytest.mark.parametrize("white", [255, 1])
def test_masks_in_place_of_boxes(own, tmp_path, white):
    (own / "boxes.csv").unlink()
    mask = np.zeros((30, 40), np.uint8)
    mask[6:24, 10:30] = white
    for i in range(24):
        Image.fromarray(mask).save(own / "images" / f"p{i:02d}_mask.png")
    data = _prepare(own, tmp_path / "out")
    np.testing.assert_allclose(_all_boxes(data), [BOX] * 24)
    assert data.read_masks([0])[0, 8, 8] == 1


def test_corners_count_where_sides_are_given_too(own, tmp_path):
    text = (own / "boxes.csv").read_text().replace("y1\n", "y1,w,h\n").replace("30,24\n", "30,24,20,18\n")
    (own / "boxes.csv").write_text(text)
    np.testing.assert_allclose(_all_boxes(_prepare(own, tmp_path / "out")), [BOX] * 24)


def test_what_macos_and_programs_leave_is_not_seen(own, tmp_path):
    (own / "__MACOSX" / "images").mkdir(parents=True)
    for name in ("images/._p00.png", "__MACOSX/images/p00.png", "._boxes.json", ".cache.json", ".DS_Store"):
        (own / name).write_bytes(b"\0")
    assert len(_prepare(own, tmp_path / "folder")) == 24
    assert len(_prepare(shutil.make_archive(str(tmp_path / "own"), "zip", own), tmp_path / "zip")) == 24


def test_images_of_one_name_in_two_folders_and_names_without_endings(own, tmp_path):
    (own / "more").mkdir()
    (own / "images" / "p01.png").rename(own / "more" / "p00.png")
    (own / "images" / "p02.png").rename(own / "images" / "1.2.276.png")
    table = (own / "labels.csv").read_text().replace("p00.png", "images/p00.png").replace("p01.png", "more\\p00.png")
    (own / "labels.csv").write_text(table.replace("p02.png", "1.2.276"))
    boxes = (own / "boxes.csv").read_text().replace("p00.png", "images/p00.png").replace("p01.png", "more\\p00.png")
    (own / "boxes.csv").write_text(boxes.replace("p02.png", "1.2.276"))
    data = _prepare(own, tmp_path / "out")
    assert {"images/p00.png", "more/p00.png", "1.2.276"} < set(data.samples.image_id)
    np.testing.assert_allclose(_all_boxes(data), [BOX] * 24)
    (own / "boxes.csv").write_text("image,x0,y0,x1,y1\np00.png,10,6,30,24\n")  # which of the two?
    with pytest.raises(
        ValueError, match="there is a box for 'p00.png', .*; images/p00.png and more/p00.png both have the name"
    ):
        _prepare(own, tmp_path / "other")


def test_cells_are_read_without_the_blanks_around_them(own, tmp_path):
    (own / "labels.csv").write_text((own / "labels.csv").read_text().replace("p01.png,common", " p01.png , common"))
    assert _prepare(own, tmp_path / "out").counts() == {"common": 16, "rare": 8}


def test_no_boxes_at_all(own, tmp_path):
    (own / "boxes.csv").unlink()
    data = _prepare(own, tmp_path / "out")
    assert data.boxes.empty and data.masks is None and data.facts["images_without_box"] == 24


def test_a_split_of_ones_own(own, tmp_path):
    lines = (own / "labels.csv").read_text().splitlines()
    parts = ["split"] + ["test" if "patient3" in line else "train" for line in lines[1:]]
    (own / "labels.csv").write_text("\n".join(f"{line},{part}" for line, part in zip(lines, parts, strict=True)))
    data = _prepare(own, tmp_path / "out", split="fixed")
    assert list(data.samples.split) == parts[1:] and "fixed" in data.facts["split"]
    usual = _prepare(own, tmp_path / "usual")  # nobody need ask for it
    assert list(usual.samples.split) == parts[1:]
    assert "by group" in _prepare(own, tmp_path / "group", split="group").facts["split"]
    lines = (own / "labels.csv").read_text().replace("test", "train")
    (own / "labels.csv").write_text(lines)
    with pytest.raises(ValueError, match="class 'common' has no test image in the source's split"):
        _prepare(own, tmp_path / "none")


def test_names_with_commas_quotes_and_foreign_letters(own, tmp_path):
    (own / "images" / "p00.png").rename(own / "images" / 'Läsion, "links".png')
    text = (own / "labels.csv").read_text().replace("p00.png", '"Läsion, ""links"".png"')
    (own / "labels.csv").write_text(text, encoding="utf-8-sig")
    (own / "boxes.csv").write_text('image,x0,y0,x1,y1\n"Läsion, ""links"".png",10,6,30,24\n', encoding="utf-8")
    data = _prepare(own, tmp_path / "out")
    row = list(data.samples.image_id).index('Läsion, "links"')
    np.testing.assert_allclose(data.boxes_of(row), [BOX])


def test_the_classes_to_attend_to_may_be_named(own, tmp_path):
    assert _prepare(own, tmp_path / "out", rare=["common"]).rare == ["common"]


def _rows(own, head, row):
    lines = (own / "labels.csv").read_text().splitlines()[1:]
    cells = [line.split(",") for line in lines]
    (own / "labels.csv").write_text(head + "\n" + "".join(row(i, *cell) + "\n" for i, cell in enumerate(cells)))


@pytest.mark.parametrize("column", ["patient_id", "Patient ID", "lesion_id", "subject", "patientId"])
def test_patients_and_lesions_by_any_usual_name_stay_in_one_part(own, tmp_path, column):
    text = (own / "labels.csv").read_text()
    (own / "labels.csv").write_text(text.replace("group", column).replace("p03.png,rare,patient0-0", "p03.png,rare,"))
    data = _prepare(own, tmp_path / "out")
    assert (data.samples.groupby("group").split.nunique() == 1).all() and data.samples.group.nunique() == 13
    assert "no group has images in both parts" in data.facts["split"]
    assert data.facts["notes"] == [f"labels.csv: the column {column} is taken for the group"]


def test_the_patient_counts_where_lesions_are_named_too(own, tmp_path):
    _rows(own, "image,label,lesion_id,patient_id", lambda i, image, label, group: f"{image},{label},L{i},{group}")
    assert _prepare(own, tmp_path / "out").samples.group.nunique() == 12


def test_groups_of_another_table(own, tmp_path):
    _rows(own, "image,label", lambda i, image, label, group: f"{image},{label}")
    (own / "meta.csv").write_text("image,age,lesion_id\n" + "".join(f"p{i:02d},50,L{i // 4}\n" for i in range(20)))
    data = _prepare(own, tmp_path / "out")
    assert (
        data.samples.group.nunique() == 5 + 4
        and "the groups (lesions or patients) are those of meta.csv" in data.facts["notes"]
    )


def test_without_groups_no_promise_is_made(own, tmp_path):
    _rows(own, "image,label", lambda i, image, label, group: f"{image},{label}")
    split = _prepare(own, tmp_path / "out").facts["split"]
    assert "each image counts as a group of its own" in split and "may be in both parts" in split


def test_folders_of_parts_are_a_split_unless_a_group_is_in_both(own, tmp_path):
    for i in range(24):
        part = own / ("test" if i % 4 > 1 else "train")
        part.mkdir(exist_ok=True)
        (own / "images" / f"p{i:02d}.png").rename(part / f"p{i:02d}.png")
    data = _prepare(own, tmp_path / "a")
    assert "not used as the split: a group has images in both" in data.facts["notes"][0]
    _rows(own, "image,label", lambda i, image, label, group: f"{image},{label}")
    data = _prepare(own, tmp_path / "b")
    assert [split == "test" for split in data.samples.split] == [i % 4 > 1 for i in range(24)]
    assert "by image" in _prepare(own, tmp_path / "c", split="image").facts["split"]


def test_images_for_validation_join_the_training_part(own, tmp_path):
    parts = ["train", "VAL", "validation", "test"]
    _rows(own, "image,label,split", lambda i, image, label, group: f"{image},{label},{parts[i % 4]}")
    assert [split == "test" for split in _prepare(own, tmp_path / "out").samples.split] == [
        i % 4 == 3 for i in range(24)
    ]


@pytest.mark.parametrize(
    "name, text",
    [
        ("labels.csv", "sep=;\nImage;LABEL\n{;}\n;\n;\n"),
        ("labels.csv", "FileName\tclass\n{\t}\n"),
        ("metadata.csv", "file_name,label\n{,}\n"),
        ("train.csv", "image_name,sex,benign_malignant,target\n{,male,},0\n"),
    ],
)
def test_tables_of_other_names_columns_and_separators(own, tmp_path, name, text):
    before, _, rest = text.partition("{")
    between, _, after = rest.partition("}")
    cells = [line.split(",") for line in (own / "labels.csv").read_text().splitlines()[1:]]
    end, _, tail = after.partition("\n")
    (own / "labels.csv").unlink()
    (own / name).write_text(
        before + "\n".join(image + between + label + end for image, label, _ in cells) + "\n" + tail
    )
    data = _prepare(own, tmp_path / "out")
    assert data.counts() == {"common": 16, "rare": 8} and len(data.boxes) == 24


def test_a_column_for_each_class_and_one_that_is_chosen(own, tmp_path):
    hot = {"common": "1.0,0.0", "rare": "0.0,1.0"}
    _rows(own, "image,COMMON,RARE", lambda i, image, label, group: f"{image},{hot[label]}")
    assert _prepare(own, tmp_path / "a").counts() == {"COMMON": 16, "RARE": 8}
    _rows(own, "image,label,grade", lambda i, image, *_: f"{image},{i % 2},{'low' if i < 20 else 'high'}")
    assert _prepare(own, tmp_path / "b", label="grade").counts() == {"low": 20, "high": 4}
    with pytest.raises(ValueError, match="labels.csv has no column 'grad': it needs image, grad, and has"):
        _prepare(own, tmp_path / "c", label="grad")


def test_classes_that_differ_by_case_only(own, tmp_path):
    (own / "labels.csv").write_text((own / "labels.csv").read_text().replace("p01.png,common", "p01.png,Common"))
    with pytest.raises(ValueError, match="classes 'common' and 'Common' differ by case only"):
        _prepare(own, tmp_path / "out")


def test_the_licence_of_the_table_is_kept(own, tmp_path):
    text = (own / "labels.csv").read_text().replace("group", "group,copyright_license")
    (own / "labels.csv").write_text(
        "".join(line + ",CC-BY\n" if i else line + "\n" for i, line in enumerate(text.splitlines()))
    )
    assert _prepare(own, tmp_path / "out").facts["licence"] == "CC-BY"


def _table(name, old, new, count=-1):
    def spoil(own):
        path = own / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, count))

    return spoil


def _write(name, data):
    return lambda own: (own / name).write_bytes(data)


def _json(change, *more):
    def spoil(own):
        coco = _coco(own)
        change(coco)
        for name in ("a.json", *more):
            (own / name).write_text(json.dumps(coco))

    return spoil


def _yolo(text):
    def spoil(own):
        (own / "boxes.csv").unlink()
        (own / "p03.txt").write_text(text)

    return spoil


def _both(own):
    boxes = (own / "boxes.csv").read_text()
    (own / "a.json").write_text(json.dumps(_coco(own)))
    (own / "boxes.csv").write_text(boxes)


def _link(own):
    (own / "images" / "away.png").symlink_to("/etc/passwd")


FAULTS = {
    "no column": (
        _table("labels.csv", "label", "remark"),
        "labels.csv has no column 'label': it needs image, label, and has 'image', 'remark', 'group'",
    ),
    "encoding": (_write("labels.csv", "image,label\nLäsion.png,rare\n".encode("utf-16")), "labels.csv is not UTF-8"),
    "latin": (_write("labels.csv", "image,label\nLäsion.png,rare\n".encode("latin-1")), "labels.csv is not UTF-8"),
    "ragged": (_write("labels.csv", b"image,label\np00.png,a\np01.png,b,c,d\n"), "labels.csv is not a table"),
    "empty table": (_write("labels.csv", b""), "labels.csv is not a table"),
    "only a head": (_write("labels.csv", b"image,label\n"), "labels.csv has no rows: give each"),
    "two columns": (_table("labels.csv", "group", "label "), "labels.csv has two columns 'label'"),
    "one class": (_table("labels.csv", "common", "rare"), "all images are of class 'rare': there must be two or more"),
    "twice": (_table("labels.csv", "p01.png", "p00.png"), "1 image.* have no row in labels.csv"),
    "really twice": (_table("labels.csv", "p02.png,", "p00.png,a,b\np02.png,"), "image_id 'p00' appears twice"),
    "no label": (_table("labels.csv", "p01.png,common", "p01.png,"), "image 'images/p01.png' has no label"),
    "no group": (_table("labels.csv", "p01.png,common,patient0-1", "p01.png,common,"), "belongs to no group"),
    "lost image": (lambda own: (own / "images" / "p05.png").unlink(), r"1 image\(s\) \(p05.png\) have no file"),
    "unlabelled": (lambda own: shutil.copy(own / "images" / "p05.png", own / "x.png"), r"\(x.png\).* have no row"),
    "one image": (
        _table("labels.csv", "p01.png,common", "p01.png,other"),
        "class 'other' has images in the .* part only",
    ),
    "box column": (_table("boxes.csv", "x0", "first"), "no columns for the corners: .*and has 'image', 'first', 'y0'"),
    "box text": (
        _table("boxes.csv", "p03.png,10", "p03.png,ten"),
        "boxes.csv: .* of image 'p03.png' are not all finite",
    ),
    "box nan": (_table("boxes.csv", "p03.png,10", "p03.png,nan"), "of image 'p03.png' are not all finite numbers"),
    "box inf": (_table("boxes.csv", "p03.png,10", "p03.png,-inf"), "of image 'p03.png' are not all finite numbers"),
    "box swapped": (
        _table("boxes.csv", "p03.png,10,6,30,24", "p03.png,30,24,10,6"),
        "of image 'p03.png' is empty or rev",
    ),
    "box flat": (_table("boxes.csv", "p03.png,10,6,30", "p03.png,10,6,10"), "of image 'p03.png' is empty or reversed"),
    "box outside": (_table("boxes.csv", "p03.png,10,6,30", "p03.png,50,6,90"), "of image p03 lies outside its 40 x 30"),
    "box negative": (_table("boxes.csv", "p03.png,10,6,30", "p03.png,-9,6,-2"), "of image p03 lies outside its 40 x"),
    "box of nobody": (_table("boxes.csv", "p03.png", "p99.png"), "there is a box for 'p99.png', which has no label"),
    "coco keys": (_json(lambda coco: coco.pop("images")), "a.json is no COCO file"),
    "coco bbox": (
        _json(lambda coco: coco["annotations"][0].update(bbox=[1, 2])),
        r"a.json: bbox \[1, 2\] of annot.* is no box",
    ),
    "coco negative": (_json(lambda coco: coco["annotations"][0].update(bbox=[9, 9, -2, 5])), "is empty or reversed"),
    "coco deep": (
        lambda own: [(own / "boxes.csv").unlink(), (own / "a.json").write_bytes(b"[" * 100_000)],
        "a.json is no COCO file, nor any JSON that can be read",
    ),
    "coco huge": (
        _json(lambda coco: coco["annotations"][0].update(bbox=[10**400, 1, 2, 3])),
        "a.json: bbox .* is no box",
    ),
    "coco image": (_json(lambda coco: coco["annotations"][0].update(image_id=7)), "there is a box for '7', which"),
    "not json": (lambda own: [(own / "boxes.csv").unlink(), (own / "a.json").write_text("{")], "is no COCO file"),
    "yolo fields": (_yolo("0 0.5 0.5 0.5\n"), "p03.txt is no YOLO file"),
    "yolo pixels": (_yolo("0 20 15 10 10\n"), "p03.txt, line 1: the box is not in shares from 0 to 1"),
    "yolo text": (_yolo("0 a b c d\n"), "p03.txt, line 1: these are not all finite numbers"),
    "two places": (_both, "has boxes.csv and a COCO file: keep one"),
    "stray mask": (_write("p99_mask.png", b""), r"1 mask\(s\) \(p99_mask.png\) fit no image"),
    "link": (_link, "away.png is a link that leaves"),
    "broken image": (lambda own: (own / "images" / "p07.png").write_bytes(b"\x89PNG\r\n"), "p07.png is damaged"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_told_in_one_sentence_and_leaves_nothing(own, tmp_path, fault):
    spoil, sentence = FAULTS[fault]
    spoil(own)
    with pytest.raises(ValueError, match=sentence) as error:
        _prepare(own, tmp_path / "out")
    assert "\n" not in str(error.value)
    assert [path.name for path in tmp_path.iterdir()] == ["own"]


def test_faults_of_the_split(own, tmp_path):
    with pytest.raises(ValueError, match="needs a split that comes with the source"):
        _prepare(own, tmp_path / "out", split="fixed")
    lines = (own / "labels.csv").read_text().splitlines()
    parts = ["split", "test", *["train"] * 23]
    rows = [f"{line},{part}" for line, part in zip(lines, parts, strict=True)]
    (own / "labels.csv").write_text("\n".join(rows))
    with pytest.raises(ValueError, match="group 'patient0-0' has images in both parts"):
        _prepare(own, tmp_path / "out", split="fixed")
    (own / "labels.csv").write_text("\n".join([*rows[:-1], rows[-1].replace("train", "validate")]))
    with pytest.raises(ValueError, match="split 'validate' of image .* is unknown"):
        _prepare(own, tmp_path / "out", split="fixed")
    with pytest.raises(ValueError, match="rare = 'df' is unknown: choose one of common, rare"):
        _prepare(own, tmp_path / "out", rare=["df"])
