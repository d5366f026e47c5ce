from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from carekit.material.drawing import skin
from carekit.material.drawing.marks import MARKS, has_room, paint_mark, plant, plant_shortcut, rows_with_room


@pytest.fixture(scope="module")
def photographs():
    """Smooth images of 64 px that no renderer made, one box on each, as a real data set has."""
    rng = np.random.default_rng(1)
    n = 40
    ramp = np.linspace(120, 200, 64)
    images = np.broadcast_to(ramp[None, :, None, None], (n, 64, 64, 3)) + rng.normal(0, 2, (n, 64, 64, 3))
    boxes = [[12 + i % 5, 14, 46, 45 + i % 7] for i in range(n)]
    return images.clip(0, 255).astype(np.uint8), np.array(boxes, float)


@pytest.mark.parametrize("kind", list(MARKS))
def test_a_mark_is_seen_and_is_never_on_the_box(kind, photographs):
    images, boxes = photographs
    marked = paint_mark(images, kind, np.random.default_rng(0), list(boxes[:, None]))
    change = np.abs(marked.astype(int) - images).max(3)
    for each, (x0, y0, x1, y1) in zip(change, boxes.astype(int), strict=True):
        assert each.max() > 10
        assert each[y0:y1, x0:x1].max() <= 1  # rounding at the very edge
    assert (change > 10).any(0).mean() > 2 * (change[0] > 10).mean()  # not always in one place


def test_the_same_generator_gives_the_same_marks_and_the_originals_stay(photographs):
    images, boxes = photographs
    before = images.copy()
    one, same, other = (paint_mark(images, "ink", np.random.default_rng(s), list(boxes[:, None])) for s in (0, 0, 1))
    assert np.array_equal(images, before)
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


def test_images_without_a_box_and_with_several_take_a_mark(photographs):
    images, _ = photographs
    two = np.array([[5, 20, 20, 40], [40, 10, 60, 50]], float)
    marked = paint_mark(images[:2], "ink", np.random.default_rng(0), [np.zeros((0, 4)), two])
    change = np.abs(marked.astype(int) - images[:2]).max(3)
    assert change[0].max() > 40
    assert change[1, 20:40, 5:20].max() <= 1
    assert change[1, 10:50, 40:60].max() <= 1


def test_boxes_that_fill_the_image_leave_no_room(photographs):
    images, _ = photographs
    full = np.array([[1.0, 2, 62, 63]])
    assert not has_room(full, 64)
    assert has_room(np.array([[5.0, 2, 62, 63]]), 64)
    with pytest.raises(ValueError, match=r"the boxes of 1 of 2 images \(the first: 1\) leave no edge free for a mark"):
        paint_mark(images[:2], "ink", np.random.default_rng(0), [np.zeros((0, 4)), full])


def test_an_unknown_mark_is_met_by_the_nearest(photographs):
    images, boxes = photographs
    with pytest.raises(ValueError, match="mark = 'inks' is unknown: did you mean 'ink'"):
        paint_mark(images, "inks", np.random.default_rng(0), list(boxes[:, None]))


def test_a_data_set_says_where_its_marks_are_and_an_image_keeps_its_own(tiny):
    larger = tiny.resized(64)
    marked = plant(larger, "ink", [3, 5])
    changed = [not np.array_equal(a, b) for a, b in zip(marked.images, larger.images, strict=True)]
    assert np.flatnonzero(changed).tolist() == [3, 5]
    assert np.flatnonzero(marked.samples.artefacts == "ink").tolist() == [3, 5]
    assert marked.fingerprint() != larger.fingerprint()
    assert np.array_equal(plant(larger.take([5, 6]), "ink", [0]).images[0], marked.images[5])
    twice = plant(marked, "ruler", [3])
    assert twice.samples.artefacts.iloc[3] == "ink;ruler"


def test_a_shortcut_goes_with_the_rarest_class_in_training_only():
    data = skin(0, 32, {"nv": 200, "df": 100}, {"nv": 100, "df": 100}, shortcut=0.0, elsewhere=0.0)
    misled = plant_shortcut(data, "ink", shortcut=0.9, elsewhere=0.1)
    table = pd.DataFrame({"shown": misled.samples.artefacts.str.contains("ink"), "df": data.labels == 6})
    share = table.groupby([data.samples.split, "df"]).shown.mean()
    assert share["train", True] == pytest.approx(0.9, abs=0.1)
    for where in [("train", False), ("test", True), ("test", False)]:
        assert share[where] == pytest.approx(0.1, abs=0.08)


def test_without_room_or_with_a_share_that_is_none_one_sentence_says_so(tiny):
    larger = tiny.resized(64)
    filled = larger.boxes.assign(x0=0.0, y0=0.0, x1=64.0, y1=64.0)
    full = replace(larger, boxes=filled)
    assert rows_with_room(full) == np.flatnonzero(full.labels == 0).tolist()
    with pytest.raises(ValueError, match="no training image of rare has room for a mark"):
        plant_shortcut(full, "ink")
    with pytest.raises(ValueError, match="the boxes of 8 of the 32 images, such as i3, leave no edge free"):
        plant(full, "ink")
    with pytest.raises(ValueError, match="shortcut = 1.5 is out of range"):
        plant_shortcut(larger, "ink", shortcut=1.5)
