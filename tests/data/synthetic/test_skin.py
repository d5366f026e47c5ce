import numpy as np
import pytest

from carekit.data.synthetic.artefacts import ARTEFACTS
from carekit.data.synthetic.outline import outline
from carekit.data.synthetic.skin import CLASSES, SKIN, render_skin
from carekit.data.synthetic.structures import STRUCTURES

DF = CLASSES.index("df")
ALL = dict.fromkeys(SKIN.artefacts, 0.5)


def test_the_same_numbers_give_the_same_bytes_whatever_came_before():
    first = render_skin(3, 7, 1, 48, rates=ALL)
    render_skin(3, 8, 2, 48)
    np.random.default_rng().random()
    again = render_skin(3, 7, 1, 48, rates=ALL)
    assert first.artefacts == again.artefacts
    np.testing.assert_array_equal(first.image, again.image)
    for other in (render_skin(4, 7, 1, 48), render_skin(3, 8, 1, 48), render_skin(3, 7, 1, 48, train=False)):
        assert (other.image != first.image).mean() > 0.5


@pytest.mark.parametrize("label", range(7))
def test_another_resolution_shows_the_same_scene(label):
    small, large = (render_skin(0, 5, label, size, rates=ALL) for size in (64, 192))
    np.testing.assert_allclose(large.boxes / 3, small.boxes, atol=1.01)
    assert small.artefacts == large.artefacts
    shrunk = large.image.reshape(64, 3, 64, 3, 3).mean((1, 3))
    assert np.abs(shrunk - small.image).mean() < 8  # of 255; the camera's noise is in it
    other = render_skin(0, 6, label, 64, rates=ALL)
    assert np.abs(shrunk - other.image).mean() > 12


def test_the_box_is_tight_around_the_mask():
    for index in range(20):
        _, mask, [(x0, y0, x1, y1)], _ = render_skin(1, index, index % 7, 64)
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
        _, _, [box], _ = render_skin(2, index, DF, 64)
        image = np.full((64, 64, 3), 0.6)
        ARTEFACTS[kind](image, box / 64, np.random.default_rng(index))
        touched = np.abs(image - 0.6).max(2) > 0.02
        x0, y0, x1, y1 = box.astype(int)
        assert touched.any()
        assert touched[y0:y1, x0:x1].mean() < (0.45 if kind == "hair" else 0.02)
        if kind == "ink":
            assert not touched[y0:y1, x0:x1].any() and touched.sum() > 20
