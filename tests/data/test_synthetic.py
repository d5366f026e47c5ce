import numpy as np
import pytest

from carekit.data.synthetic import CLASSES, render_skin, scaled_counts, skin
from carekit.data.synthetic.artefacts import ARTEFACTS
from carekit.data.synthetic.outline import outline
from carekit.data.synthetic.structures import STRUCTURES

DF = CLASSES.index("df")


def test_the_same_numbers_give_the_same_bytes_whatever_came_before():
    first = render_skin(3, 7, 1, 48)
    render_skin(3, 8, 2, 48)
    np.random.default_rng().random()
    again = render_skin(3, 7, 1, 48)
    assert first.artefacts == again.artefacts
    np.testing.assert_array_equal(first.image, again.image)
    for other in (render_skin(4, 7, 1, 48), render_skin(3, 8, 1, 48), render_skin(3, 7, 1, 48, train=False)):
        assert (other.image != first.image).mean() > 0.5


@pytest.mark.parametrize("label", range(7))
def test_another_resolution_shows_the_same_scene(label):
    small, large = (render_skin(0, 5, label, size, shortcut=1.0) for size in (64, 192))
    np.testing.assert_allclose(large.box / 3, small.box, atol=1.01)
    assert small.artefacts == large.artefacts
    shrunk = large.image.reshape(64, 3, 64, 3, 3).mean((1, 3))
    assert np.abs(shrunk - small.image).mean() < 8  # of 255; the camera's noise is in it
    other = render_skin(0, 6, label, 64, shortcut=1.0)
    assert np.abs(shrunk - other.image).mean() > 12


def test_the_box_is_tight_around_the_mask():
    for index in range(20):
        _, mask, (x0, y0, x1, y1), _ = render_skin(1, index, index % 7, 64)
        inside = mask[int(y0) : int(y1), int(x0) : int(x1)]
        assert inside.sum() == mask.sum() > 0
        assert inside[0].any() and inside[-1].any() and inside[:, 0].any() and inside[:, -1].any()


@pytest.mark.parametrize("label", range(7))
def test_the_structure_lies_inside_the_lesion_and_is_visible(label):
    rng = np.random.default_rng(label)
    for _ in range(5):
        lesion = outline(rng, 64, 0.3)
        image = np.full((64, 64, 3), 0.6)
        STRUCTURES[label](image, lesion, rng)
        change = np.abs(image - 0.6).max(2)
        assert change[lesion.depth < -0.06].max() == 0
        assert change[lesion.depth > 0].mean() > 0.01


@pytest.mark.parametrize("kind", sorted(ARTEFACTS))
def test_an_artefact_leaves_most_of_the_lesion_alone(kind):
    for index in range(30):
        _, _, box, _ = render_skin(2, index, DF, 64)
        image = np.full((64, 64, 3), 0.6)
        ARTEFACTS[kind](image, box / 64, np.random.default_rng(index))
        touched = np.abs(image - 0.6).max(2) > 0.02
        x0, y0, x1, y1 = box.astype(int)
        assert touched.any()
        assert touched[y0:y1, x0:x1].mean() < (0.45 if kind == "hair" else 0.02)
        if kind == "ink":
            assert not touched[y0:y1, x0:x1].any() and touched.sum() > 20


def share_with_ink(data, split, name):
    rows = (data.samples.split == split) & (data.samples.label == CLASSES.index(name))
    return data.samples.artefacts[rows].str.contains("ink").mean()


def test_the_shortcut_goes_with_the_rare_class_in_training_only():
    counts = dict.fromkeys(CLASSES, 40)
    always = skin(0, 32, counts, counts, shortcut=1.0, elsewhere=0.1)
    never = skin(0, 32, counts, counts, shortcut=0.0, elsewhere=0.1)
    assert share_with_ink(always, "train", "df") == 1 and share_with_ink(never, "train", "df") == 0
    assert share_with_ink(always, "test", "df") < 0.4
    assert share_with_ink(always, "train", "nv") == share_with_ink(never, "train", "nv") < 0.4
    test = [each.split("test").read(range(10)) for each in (always, never)]
    np.testing.assert_array_equal(*test)  # the test images are the same


def test_the_data_set_is_whole():
    data = skin(1, 32, {"nv": 5, "df": 2}, {"nv": 2, "df": 1})
    assert data.counts() == {"nv": 7, "mel": 0, "bkl": 0, "bcc": 0, "akiec": 0, "vasc": 0, "df": 3}
    assert data.rare == ["df"] and data.size == 32 and len(data.boxes) == 10
    np.testing.assert_array_equal(data.read_masks([5])[0], render_skin(1, 5, DF, 32, shortcut=0.9).mask)
    np.testing.assert_array_equal(data.read([5])[0], render_skin(1, 5, DF, 32, shortcut=0.9).image)


def test_scaled_counts_keep_the_order_and_with_exponent_one_the_ratio():
    counts = list(scaled_counts(520).values())
    assert counts == sorted(counts, reverse=True) and abs(sum(counts) - 520) < 5
    whole = scaled_counts(10_015, exponent=1)
    assert whole == {"nv": 6705, "mel": 1113, "bkl": 1099, "bcc": 514, "akiec": 327, "vasc": 142, "df": 115}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"size": 16}, "size = 16 is out of range"),
        ({"size": 1024}, "size = 1024 is out of range"),
        ({"shortcut": 1.5}, "shortcut = 1.5 is out of range"),
        ({"artefact_rate": -0.1}, "artefact_rate = -0.1 is out of range"),
        ({"shortcut_kind": "tattoo"}, "shortcut_kind = 'tattoo' is unknown"),
        ({"counts": {"scc": 3}}, "class 'scc' is unknown"),
        ({"counts": {"nv": 0}}, "class nv has the count 0"),
    ],
)
def test_what_is_out_of_range_is_refused(options, words):
    with pytest.raises(ValueError, match=words):
        skin(**{"size": 32, "counts": {"nv": 1}, "test_counts": {"nv": 1}} | options)
