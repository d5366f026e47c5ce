"""Mutated tables, annotations, images and archives: one sentence or a whole set, never a box on another image.

CAREKIT_FUZZ=10 makes ten times as many: about 1,000 mutated tables and annotation files, and 300 damaged files.
"""

import io
import json
import os
import random
import zipfile

import numpy as np
import pytest
from PIL import Image

from carekit.material.intake.layouts import recognise
from carekit.material.intake.layouts.layout import Layout
from carekit.material.intake.layouts.own import OWN
from carekit.material.intake.preparing.prepare import prepare
from carekit.material.intake.sources import open_source
from carekit.material.intake.sources.decoding import decode_image, decode_mask

TIMES = int(os.environ.get("CAREKIT_FUZZ", "1"))
# Names and numbers that no small mutation turns into one another.
NAMES = ["quartz", "hedgehog", "bumblebee", "violin", "magnet", "teapot", "walnut", "ostrich"]
IDS = [514_229, 832_040, 1_346_269, 2_178_309, 3_524_578, 5_702_887, 9_227_465, 14_930_352]
WIDE, TALL, SIZE = 120, 100, 20
BOXES = [(5 + 9 * i, 10 + 3 * i, 35 + 9 * i, 60 + 4 * i) for i in range(8)]


def _labels(root):
    for i, name in enumerate(NAMES):
        (root / "images").mkdir(exist_ok=True)
        Image.new("RGB", (WIDE, TALL), (20 * i, 90, 90)).save(root / "images" / f"{name}.png")
    rows = [f"images/{name}.png,{'nv' if i % 2 else 'mel'},patient-of-{name}" for i, name in enumerate(NAMES)]
    (root / "labels.csv").write_text("image,label,group\n" + "\n".join(rows) + "\n")
    return root / "labels.csv"


def _csv(root):
    rows = [f"{name}.png,{','.join(map(str, box))}" for name, box in zip(NAMES, BOXES, strict=True)]
    (root / "boxes.csv").write_text("image,x0,y0,x1,y1\n" + "\n".join(rows) + "\n")
    return root / "boxes.csv"


def _coco(root):
    images = [
        {"id": n, "file_name": f"{name}.png", "width": WIDE, "height": TALL} for n, name in zip(IDS, NAMES, strict=True)
    ]
    shapes = [
        {"id": 100 + i, "image_id": n, "category_id": 1, "bbox": [a, b, c - a, d - b], "area": (c - a) * (d - b)}
        for i, (n, (a, b, c, d)) in enumerate(zip(IDS, BOXES, strict=True))
    ]
    data = {"images": images, "annotations": shapes, "categories": [{"id": 1, "name": "lesion"}]}
    (root / "coco.json").write_text(json.dumps(data, indent=1))
    return root / "coco.json"


def _yolo(root):
    (root / "labels").mkdir()
    for name, (a, b, c, d) in zip(NAMES, BOXES, strict=True):
        numbers = ((a + c) / 2 / WIDE, (b + d) / 2 / TALL, (c - a) / WIDE, (d - b) / TALL)
        (root / "labels" / f"{name}.txt").write_text("0 " + " ".join(f"{each:.6f}" for each in numbers) + "\n")
    return root / "labels" / f"{NAMES[3]}.txt"


def _voc(root):
    (root / "annotations").mkdir()
    for name, (a, b, c, d) in zip(NAMES, BOXES, strict=True):
        box = f"<xmin>{a + 1}</xmin>\n<ymin>{b + 1}</ymin>\n<xmax>{c}</xmax>\n<ymax>{d}</ymax>"
        size = f"<size><width>{WIDE}</width><height>{TALL}</height></size>"
        text = f"<annotation>\n{size}\n<object><name>lesion</name>\n<bndbox>{box}</bndbox></object>\n</annotation>"
        (root / "annotations" / f"{name}.xml").write_text(text)
    return root / "annotations" / f"{NAMES[3]}.xml"


def _labelme(root):
    for name, (a, b, c, d) in zip(NAMES, BOXES, strict=True):
        shape = {"label": "lesion", "points": [[a, b], [c, d]], "shape_type": "rectangle"}
        data = {"imagePath": f"{name}.png", "imageWidth": WIDE, "imageHeight": TALL, "shapes": [shape]}
        (root / "images" / f"{name}.json").write_text(json.dumps(data, indent=1))
    return root / "images" / f"{NAMES[3]}.json"


def _via(root):
    data = {}
    for name, (a, b, c, d) in zip(NAMES, BOXES, strict=True):
        shape = {"name": "rect", "x": a, "y": b, "width": c - a, "height": d - b}
        data[name] = {"filename": f"{name}.png", "regions": [{"shape_attributes": shape, "region_attributes": {}}]}
    (root / "via.json").write_text(json.dumps(data, indent=1))
    return root / "via.json"


FORMATS = {each.__name__[1:]: each for each in (_labels, _csv, _coco, _yolo, _voc, _labelme, _via)}
WORDS = ["nan", "-1", "1e999", "", "0", "null", "[]", "{}", '"', ",", ";", "\0", "ä", "\\", "/", "..", "true", "1e5"]


def _mutated(text, rng):
    """A few slips of a hand or a program: in lines, in words and in letters."""
    for _ in range(rng.randint(1, 3)):
        lines = text.splitlines()
        at = rng.randrange(len(text) or 1)
        line = rng.randrange(len(lines) or 1)
        kind = rng.randrange(8)
        if kind == 0:
            text = text[:at]
        elif kind == 1:
            text = "\n".join(lines[:line] + lines[line + 1 :])
        elif kind == 2:
            text = "\n".join(lines[: line + 1] + lines[line:])
        elif kind == 3:
            text = text[:at] + rng.choice(WORDS) + text[at:]
        elif kind == 4:
            text = text[:at] + text[at + 1 :]
        elif kind == 5:
            text = text[:at] + chr(rng.choice([0, 9, 10, 34, 44, 59, 65, 255, 0x2028, 0x1F600])) + text[at + 1 :]
        elif kind == 6:
            rng.shuffle(lines)
            text = "\n".join(lines) if "," in text[:6] or rng.random() < 0.3 else text
        else:
            text = text.replace(rng.choice("0123456789.,:"), rng.choice(WORDS), rng.randint(1, 3))
    return text


def _make(root, kind):
    root.mkdir()
    table = _labels(root)
    if kind == "labels":
        _csv(root)
        return table
    return FORMATS[kind](root)


@pytest.mark.parametrize("kind", FORMATS)
def test_a_mutated_table_or_annotation_is_one_sentence_or_a_whole_set(kind, tmp_path):
    path = _make(tmp_path / "set", kind)
    original = path.read_text()
    whole = prepare(OWN, tmp_path / "set", tmp_path / "whole", SIZE, workers=1)
    assert len(whole.boxes) == 8
    ends = {"told": 0, "prepared": 0}
    for seed in range(22 * TIMES):
        rng = random.Random(f"{kind} {seed}")
        path.write_bytes(_mutated(original, rng).encode("utf-8", "surrogatepass"))
        out = tmp_path / "out"
        try:
            data = prepare(OWN, tmp_path / "set", out, SIZE, workers=1, overwrite=True)
        except ValueError as error:
            assert "\n" not in str(error) and len(str(error)) < 1500, (seed, str(error))
            ends["told"] += 1
        else:
            ends["prepared"] += 1
            _check_owners(whole, data, (kind, seed))
        assert {each.name for each in tmp_path.iterdir()} <= {"set", "whole", "out"}, seed
    assert all(ends.values())


def _check_owners(whole, data, which):
    """No box that one picture had is now another's."""
    of_box = {tuple(np.round(box, 3)): name for name, *box in whole.boxes.itertuples(index=False)}
    for name, *box in data.boxes.itertuples(index=False):
        assert of_box.get(tuple(np.round(box, 3)), name) == name, which


def _bytes_of(kind):
    """A file of a kind with some picture in it."""
    rng = np.random.default_rng(0)
    picture = rng.integers(0, 256, (30, 40, 3), dtype=np.uint8)
    out = io.BytesIO()
    if kind == "dcm":
        pydicom = pytest.importorskip("pydicom")
        film, film.file_meta = pydicom.Dataset(), pydicom.dataset.FileMetaDataset()
        film.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
        film.SOPClassUID = film.file_meta.MediaStorageSOPClassUID = pydicom.uid.SecondaryCaptureImageStorage
        film.SOPInstanceUID = film.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
        film.Rows, film.Columns, film.SamplesPerPixel, film.PhotometricInterpretation = 30, 40, 1, "MONOCHROME2"
        film.BitsAllocated, film.BitsStored, film.HighBit, film.PixelRepresentation = 16, 12, 11, 0
        film.WindowCenter, film.WindowWidth, film.PixelPaddingValue = 900, 800, 0
        film.PixelData = (picture[..., 0].astype(np.uint16) * 16).tobytes()
        film.save_as(out, enforce_file_format=True)
        return out.getvalue()
    Image.fromarray(picture).save(out, kind)
    return out.getvalue()


def _damaged(data, rng):
    data = bytearray(data)
    if rng.random() < 0.3:
        del data[rng.randrange(len(data)) :]
    for _ in range(rng.randint(1, 20)):
        if data:
            data[rng.randrange(len(data)) if rng.random() < 0.5 else rng.randrange(min(300, len(data)))] = (
                rng.randrange(256)
            )
    return bytes(data)


@pytest.mark.filterwarnings("ignore")  # pydicom's own words about what is bent
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "BMP", "WEBP", "GIF", "dcm"])
def test_a_damaged_image_is_read_or_told(kind):
    data = _bytes_of(kind)
    for seed in range(6 * TIMES):
        spoilt = _damaged(data, random.Random(f"{kind} {seed}"))
        for decode in (decode_image, lambda data, name: decode_mask(data, name, (40, 30))):
            try:
                decode(spoilt, f"a.{kind.lower()}")
            except ValueError as error:
                assert "\n" not in str(error) and "a." in str(error), seed


def test_a_damaged_archive_is_read_or_told(tmp_path):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("labels.csv", "image,label\na.png,nv\nb.png,mel\n")
        archive.writestr("a.png", _bytes_of("PNG"))
    for seed in range(10 * TIMES):
        (tmp_path / "a.zip").write_bytes(_damaged(out.getvalue(), random.Random(seed)))
        try:
            with open_source(tmp_path / "a.zip") as files:
                assert isinstance(recognise(files), Layout | None)
                for name in files.names:
                    files.read(name)
        except ValueError as error:
            assert "\n" not in str(error), seed
