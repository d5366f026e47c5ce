import io

import numpy as np
import pandas as pd
from PIL import Image

from carekit.material.intake.doctor import pictures
from carekit.material.intake.doctor.report import Report
from carekit.material.intake.sources.decoding import decode_image

RNG = np.random.default_rng(0)


def look(pixels):
    return pictures.look_at(pictures.strips(Image.fromarray(np.asarray(pixels, np.uint8))))


def test_a_picture_is_looked_at_some_rows_at_a_time(monkeypatch):
    monkeypatch.setattr(pictures, "ROWS", 7)
    pixels = RNG.integers(0, 256, (20, 5, 3), np.uint8)
    parts = list(pictures.strips(Image.fromarray(pixels)))
    assert [len(part) for part in parts] == [7, 7, 6]
    assert (np.concatenate(parts) == pixels).all()
    other = pixels.copy()
    other[19, 4, 2] ^= 1
    assert look(pixels) == look(pixels.copy()) != look(other)
    assert look(np.zeros((8, 4, 3))) != look(np.zeros((4, 8, 3)))


def test_a_picture_of_one_colour_is_blank_and_one_with_another_last_pixel_is_not(monkeypatch):
    monkeypatch.setattr(pictures, "ROWS", 3)
    pixels = np.full((10, 4, 3), (9, 8, 7), np.uint8)
    assert look(pixels)[1]
    pixels[9, 3, 0] = 0
    assert not look(pixels)[1]


def test_an_rgb_picture_is_not_copied_on_its_way(monkeypatch, tmp_path):
    """Of Pillow's largest number of pixels, each copy takes a third of a gigabyte."""
    Image.fromarray(RNG.integers(0, 256, (6, 5, 3), np.uint8)).save(tmp_path / "a.png")
    for name in ("copy", "convert"):
        monkeypatch.setattr(Image.Image, name, lambda *_: 1 / 0)
    assert decode_image((tmp_path / "a.png").read_bytes(), "a.png").size == (5, 6)


def test_copies_that_were_saved_again_or_made_smaller_are_found_across_parts():
    rng = np.random.default_rng(3)
    blurred = [Image.fromarray(rng.integers(0, 256, (8, 9, 3), dtype=np.uint8)).resize((180, 160)) for _ in range(20)]
    file = io.BytesIO()
    blurred[0].save(file, "JPEG", quality=70)
    seen = [*blurred, Image.open(file).convert("RGB"), blurred[1].resize((90, 80))]
    ids = pd.Series([f"p{i}" for i in range(22)])
    parts = pd.Series(["train"] * 20 + ["test"] * 2)
    compared = pictures.Pictures(ids, pd.Series(["nv"] * 22), parts)
    for i, image in enumerate(seen):
        compared.add(i, *pictures.look_at(pictures.strips(image)), pictures.small(image))
    assert compared.alike_across() == [("p0", "p20"), ("p1", "p21")]
    report = Report("x")
    compared.report(report)
    assert "2 pair(s), such as p0 and p20, look the same but for compression or size" in report.findings[0].text
