import json
import pickle
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from carekit.data.prepared import Prepared, files

ROOT = Path(__file__).resolve().parents[3]


def _facts(**more):
    words = dict.fromkeys(("name", "title", "licence", "citation", "source", "split"), "toy")
    return words | {"classes": ["nv", "df"], "class_names": ["Nevus", "Fibroma"], "rare": ["df"], "size": 16} | more


def _parts(n=40, size=16, seed=0):
    rng = np.random.default_rng(seed)
    ids = [f"{i:03d}" for i in range(n)]
    samples = pd.DataFrame(
        {
            "image_id": ids,
            "label": [int(i % 4 == 0) for i in range(n)],
            "group": [f"g{i // 2}" for i in range(n)],
            "split": ["test" if i % 5 == 4 else "train" for i in range(n)],
        }
    )
    owners = [ids[7], ids[2], ids[7], ids[9]]  # in no order; image 7 has two
    boxes = pd.DataFrame(
        [(name, 1.5 + k, 2.0, 9.0, 10.1 + k) for k, name in enumerate(owners)],
        columns=["image_id", "x0", "y0", "x1", "y1"],
    )
    images = rng.integers(0, 256, (n, size, size, 3), dtype=np.uint8)
    masks = rng.integers(0, 2, (n, size, size), dtype=np.uint8)
    return {"images": images, "samples": samples, "boxes": boxes, "facts": _facts(size=size), "masks": masks}


@pytest.fixture
def data():
    return Prepared(**_parts())


@pytest.fixture
def saved(data, tmp_path):
    return data.save(tmp_path / "set")


def test_saved_and_opened_is_the_same(data, saved):
    assert isinstance(saved.images.base, np.memmap)
    rows = np.arange(len(data))
    np.testing.assert_array_equal(saved.read(rows), data.images)
    np.testing.assert_array_equal(saved.read_masks(rows), data.masks)
    pd.testing.assert_frame_equal(saved.samples, data.samples, check_dtype=False)
    pd.testing.assert_frame_equal(saved.boxes, data.boxes, check_dtype=False)
    assert saved.samples.image_id[1] == "001"  # not the number 1
    assert {k: v for k, v in saved.facts.items() if k != "checksums"} == data.facts
    saved.verify()


def test_saving_twice_gives_the_same_bytes(data, tmp_path):
    for name in ("a", "b"):
        data.save(tmp_path / name)
    for file in (tmp_path / "a").iterdir():
        assert file.read_bytes() == (tmp_path / "b" / file.name).read_bytes()


def test_without_masks(tmp_path):
    data = Prepared(**_parts() | {"masks": None}).save(tmp_path / "set")
    assert data.masks is None and data.split("test").masks is None
    with pytest.raises(ValueError, match="no lesion masks"):
        data.read_masks([0])


def test_saving_over_files_needs_overwrite(data, saved):
    with pytest.raises(FileExistsError, match="already has files"):
        data.save(saved.folder)
    assert len(saved.take([0, 1]).save(saved.folder, overwrite=True)) == 2  # even while it is open


@pytest.mark.parametrize("name", ["images.npy", "masks.npy", "samples.csv", "boxes.csv"])
def test_verify_names_the_file_that_was_changed(saved, name):
    path = saved.folder / name
    content = bytearray(path.read_bytes())
    content[-2] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match=f"{name} is missing or was changed"):
        saved.verify()


def test_a_set_is_verified_once_and_again_after_each_change(saved, monkeypatch):
    looked = []
    checksum = files.checksum
    monkeypatch.setattr(files, "checksum", lambda folder, name: looked.append(name) or checksum(folder, name))
    saved.verify_once()
    assert len(looked) == len(saved.facts["checksums"])
    saved.verify_once()
    Prepared.open(saved.folder).verify_once()
    assert len(looked) == len(saved.facts["checksums"])
    file = saved.folder / "images.npy"
    damaged = bytearray(file.read_bytes())
    damaged[-1] ^= 1
    file.write_bytes(damaged)
    with pytest.raises(ValueError, match="images.npy is missing or was changed"):
        Prepared.open(saved.folder).verify_once()


def test_a_set_that_is_replaced_while_it_is_used_is_refused(saved):
    sent = pickle.dumps(saved)
    assert pickle.loads(sent).read([0]).shape == saved.read([0]).shape
    file = saved.folder / "images.npy"
    content = file.read_bytes()
    file.unlink()
    file.write_bytes(content)
    with pytest.raises(ValueError, match="images.npy was changed or replaced while it was in use"):
        pickle.loads(sent)


def test_verify_needs_a_folder(data):
    with pytest.raises(ValueError, match="no checksums"):
        data.verify()


def test_boxes_of_each_image(data):
    for i, name in enumerate(data.samples.image_id):
        expected = data.boxes[data.boxes.image_id == name][["x0", "y0", "x1", "y1"]].to_numpy()
        assert data.boxes_of(i).shape == (len(expected), 4)
        np.testing.assert_array_equal(data.boxes_of(i), expected)
    assert len(data.boxes_of(7)) == 2
    np.testing.assert_array_equal(data.boxes_of(-33), data.boxes_of(7))
    with pytest.raises(IndexError):
        data.boxes_of(40)


def test_checked_boxes_are_clipped_to_their_image(data):
    table = data.boxes.assign(x1=[9.0, 40.0, 9.0, 9.0])
    whole = replace(data, boxes=table)
    np.testing.assert_array_equal(whole.boxes_of(2), [[2.5, 2.0, 40.0, 11.1]])
    np.testing.assert_array_equal(whole.checked_boxes(2), [[2.5, 2.0, 16.0, 11.1]])
    assert whole.checked_boxes(0).shape == (0, 4)


def test_a_box_outside_its_image_is_named(data):
    table = data.boxes.assign(x0=[1.5, 20.0, 1.5, 1.5], x1=[9.0, 40.0, 9.0, 9.0])
    with pytest.raises(ValueError, match="of image 002 lies outside its 16 x 16 image"):
        replace(data, boxes=table).checked_boxes(2)


def test_a_tensor_holds_the_pixels_from_0_to_1(data, saved):
    rows = [7, 0, 39]
    expected = np.moveaxis(data.images[rows] / 255, 3, 1)
    for each in (data, saved):
        tensor = each.tensor(rows)
        assert tensor.shape == (3, 3, 16, 16) and str(tensor.dtype) == "torch.float32"
        np.testing.assert_allclose(tensor, expected, atol=1e-7)


@pytest.mark.parametrize("where", ["data", "saved"])
def test_splits_hold_their_rows_of_everything(where, request, data):
    whole = request.getfixturevalue(where)
    parts = [whole.split("train"), whole.split("test")]
    assert sum(map(len, parts)) == len(whole)
    for part, name in zip(parts, ("train", "test"), strict=True):
        rows = np.flatnonzero(whole.samples.split == name)
        assert set(part.samples.split) == {name}
        np.testing.assert_array_equal(part.read(np.arange(len(part))), data.images[rows])
        np.testing.assert_array_equal(part.images[3], data.images[rows[3]])
        np.testing.assert_array_equal(np.asarray(part.images), data.images[rows])
        np.testing.assert_array_equal(part.read_masks([2]), data.masks[rows[[2]]])
        np.testing.assert_array_equal(part.labels, whole.labels[rows])
        for i, row in enumerate(rows):
            np.testing.assert_array_equal(part.boxes_of(i), whole.boxes_of(row))
    with pytest.raises(ValueError, match="'validation' is unknown"):
        whole.split("validation")


def test_a_split_copies_no_image(saved):
    train = saved.split("train").take(np.arange(10))
    assert train.images.base is saved.images.base


def test_what_is_read_is_a_copy_that_may_be_written(saved):
    batch = saved.read([0, 1])
    assert batch.flags.writeable and batch.flags.c_contiguous
    batch[:] = 0
    assert saved.read([0, 1]).any()


def test_take_none_and_take_by_booleans(data):
    assert len(data.take([])) == 0
    assert data.take(data.labels == 1).counts() == {"nv": 0, "df": 10}
    with pytest.raises(ValueError, match="appears twice"):
        data.take([0, 0])


def test_pickled_it_carries_no_images(tmp_path):
    parts = _parts(200, 64)
    data = Prepared(**parts | {"facts": _facts(size=64)}).save(tmp_path / "set")
    bytes_ = pickle.dumps(data.split("train"))
    assert len(bytes_) < 100_000 < parts["images"].nbytes
    again = pickle.loads(bytes_)
    np.testing.assert_array_equal(again.read([5]), data.split("train").read([5]))


def test_counts_are_in_the_order_of_the_classes(data):
    assert list(data.counts().items()) == [("nv", 30), ("df", 10)]
    assert data.labels.dtype == np.int64


def test_capped_keeps_at_most_so_many_of_each_class(data):
    capped = data.capped(5, seed=1)
    assert capped.split("train").counts() == {"nv": 5, "df": 5}
    assert capped.split("test").counts() == {"nv": 2, "df": 2}
    assert capped.samples.image_id.is_monotonic_increasing  # order kept
    assert list(capped.samples.image_id) == list(data.capped(5, seed=1).samples.image_id)
    assert list(capped.samples.image_id) != list(data.capped(5, seed=2).samples.image_id)
    assert data.capped(None) is data
    with pytest.raises(ValueError, match="limit = 0"):
        data.capped(0)


def test_resized_scales_images_masks_and_boxes():
    parts = _parts(10, 64) | {"facts": _facts(size=64, checksums={"images.npy": "0"})}
    parts["images"][:] = 0
    parts["images"][:, 16:48, 8:24] = 200
    parts["masks"][:] = 0
    parts["masks"][:, 16:48, 8:24] = 1
    parts["boxes"] = pd.DataFrame([("000", 8, 16, 24, 48)], columns=["image_id", "x0", "y0", "x1", "y1"])
    small = Prepared(**parts).resized(16)
    assert small.size == 16 and small.images.shape == (10, 16, 16, 3) and "checksums" not in small.facts
    np.testing.assert_array_equal(small.boxes_of(0), [[2, 4, 6, 12]])
    expected = np.zeros((16, 16), np.uint8)
    expected[4:12, 2:6] = 1
    np.testing.assert_array_equal(small.read_masks([0])[0], expected)
    assert np.abs(small.read([0])[0, ..., 0] - 200.0 * expected).mean() < 8
    assert small.resized(16) is small


def test_resized_does_not_alias():
    parts = _parts(10, 64)
    parts["images"][:] = 0
    parts["images"][:, ::2] = 255  # lines of one pixel: grey once they are too fine to see
    small = Prepared(**parts).resized(16).read([0])
    assert small[:, 2:-2].min() > 110 and small[:, 2:-2].max() < 145  # rows at the border see fewer lines


@pytest.mark.parametrize("change", ["image", "label", "box", "fact", "mask"])
def test_fingerprint_tells_any_change(change):
    parts = _parts()
    before = Prepared(**_parts()).fingerprint()
    assert before == Prepared(**_parts()).fingerprint()
    if change == "image":
        parts["images"][3, 1, 1, 1] ^= 1
    if change == "mask":
        parts["masks"][3, 1, 1] ^= 1
    if change == "label":
        parts["samples"].loc[3, "label"] = 1
    if change == "box":
        parts["boxes"].loc[0, "x0"] += 0.5
    if change == "fact":
        parts["facts"]["rare"] = ["nv"]
    assert Prepared(**parts).fingerprint() != before


@pytest.mark.parametrize("change", ["image", "mask", "label", "split", "name", "box", "fact", "classes"])
@pytest.mark.parametrize("stored", [False, True])
def test_the_fingerprint_of_the_images_knows_neither_boxes_nor_masks(change, stored, tmp_path):
    parts = _parts()
    table = parts["samples"]
    if change == "image":
        parts["images"][3, 1, 1, 1] ^= 1
    if change == "mask":
        parts["masks"][3, 1, 1] ^= 1
    if change == "label":
        table.loc[3, "label"] = 1
    if change == "split":
        table.loc[3, "split"] = "test"
    if change == "name":
        table.loc[3, "image_id"] = "x"
    if change == "box":
        parts["boxes"].loc[0, "x0"] += 0.5
    if change == "fact":
        parts["facts"]["citation"] = "another"
    if change == "classes":
        parts["facts"] |= {"classes": ["nv", "mel"], "rare": ["mel"]}
    before, after = Prepared(**_parts()), Prepared(**parts)
    if stored:
        before, after = before.save(tmp_path / "before"), after.save(tmp_path / "after")
    same = before.images_fingerprint() == after.images_fingerprint()
    assert same == (change in ("mask", "box", "fact"))


def test_fingerprint_of_a_part_differs_from_the_whole(saved):
    prints = {each.fingerprint() for each in (saved, saved.split("train"), saved.capped(3), saved.resized(8))}
    assert len(prints) == 4
    images = {each.images_fingerprint() for each in (saved, saved.split("train"), saved.capped(3), saved.resized(8))}
    assert len(images) == 4


def _wrong(name, **change):
    parts = _parts()
    table = parts[name].astype(object)
    for column, value in change.items():
        table.loc[1, column] = value
    return {name: table}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"images": np.zeros((40, 16, 16, 3))}, "images are float64"),
        ({"images": np.zeros((39, 16, 16, 3), np.uint8)}, r"images are uint8 \(39, 16"),
        ({"images": np.zeros((40, 16, 16), np.uint8)}, r"uint8 \(40, 16, 16, 3\) is needed"),
        ({"masks": np.zeros((40, 8, 8), np.uint8)}, "masks are uint8"),
        (_wrong("samples", label=2), "label 2 of image 001 is not one of 0..1"),
        (_wrong("samples", label="df"), "label 'df' of image 001"),
        (_wrong("samples", split="val"), "split 'val' of image 001 is unknown"),
        (_wrong("samples", image_id="000"), "image_id '000' appears twice"),
        (_wrong("boxes", image_id="zebra"), "box for image 'zebra'"),
        (_wrong("boxes", x0=float("nan")), "image 002 is not four numbers"),
        (_wrong("boxes", y1="wide"), "wide.* of image 002 is not four numbers"),
        (_wrong("boxes", x1=0), "image 002 is not four numbers with x0 < x1"),
        ({"samples": _parts()["samples"].drop(columns="group")}, "no column 'group'"),
        ({"boxes": _parts()["boxes"].drop(columns="y1")}, "no column 'y1'"),
        ({"facts": {k: v for k, v in _facts().items() if k != "licence"}}, "facts lack 'licence'"),
        ({"facts": _facts(rare=["mel"])}, "must name one or more of the classes"),
        ({"facts": _facts(rare=[])}, "must name one or more of the classes"),
        ({"facts": _facts(classes=["nv", "nv"])}, "different names"),
        ({"facts": _facts(class_names="Nevus")}, "must be a list"),
    ],
)
def test_what_does_not_fit_is_told_in_one_sentence(change, sentence):
    with pytest.raises(ValueError, match=sentence) as error:
        Prepared(**_parts() | change)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["images.npy", "samples.csv", "boxes.csv", "facts.json"])
def test_open_names_the_missing_file(saved, name):
    (saved.folder / name).unlink()
    with pytest.raises(FileNotFoundError, match=f"no {name}"):
        Prepared.open(saved.folder)


@pytest.mark.parametrize("name", ["images.npy", "masks.npy", "samples.csv", "facts.json"])
@pytest.mark.parametrize("keep", [0, 100])
def test_open_tells_of_a_file_cut_short(saved, name, keep):
    path = saved.folder / name
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(ValueError, match="prepared data set"):
        Prepared.open(saved.folder)


def test_open_never_unpickles(saved):
    np.save(saved.folder / "images.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match="images.npy cannot be read"):
        Prepared.open(saved.folder)


def test_open_keeps_ids_that_look_like_something_else(tmp_path):
    parts = _parts()
    parts["samples"]["image_id"] = ["NA", "1e3", "007", *[f"i{k}" for k in range(37)]]
    parts["boxes"] = parts["boxes"][:0]
    data = Prepared(**parts).save(tmp_path / "set")
    assert list(data.samples.image_id[:3]) == ["NA", "1e3", "007"]
    assert json.loads((tmp_path / "set" / "facts.json").read_text())["checksums"]


def test_readers_need_neither_torch_nor_jupyter_nor_matplotlib():
    unwanted = "{'torch', 'matplotlib', 'IPython', 'ipywidgets'}"
    code = f"import sys, carekit.material.intake.layouts; print({unwanted} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize("content", [b"image_id,label\na,b\na,b,c\n", b'image_id,x0\n"a', b"\xff\xfe\x00", b""])
@pytest.mark.parametrize("name", ["samples.csv", "boxes.csv"])
def test_a_table_that_is_none_is_one_sentence_that_names_it(saved, name, content):
    (saved.folder / name).write_bytes(content)
    with pytest.raises(ValueError) as told:
        Prepared.open(saved.folder)
    assert f"{name} cannot be read" in str(told.value) and "\n" not in str(told.value)
