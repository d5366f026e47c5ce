import numpy as np
import pytest

from carekit.course.explorers.captions import fill
from carekit.course.explorers.saliency import CAPTION, STEPS, explore_saliency, numbers, stage_maps
from carekit.material.autobox.components import Cut
from carekit.material.autobox.dsr import dsr
from carekit.material.drawing import skin


@pytest.fixture(scope="module")
def drawn():
    return skin(0, 48, {"nv": 3, "df": 2}, {"nv": 1, "df": 1})


@pytest.fixture(scope="module")
def maps(drawn):
    return np.stack([stage_maps(image) for image in drawn.read([3, 4])])


def test_the_last_map_is_dsr_and_the_first_lies_at_the_border(drawn, maps):
    image = drawn.read([3])[0]
    np.testing.assert_array_equal(maps[0, -1], np.round(255 * dsr(image)))
    background = maps[0, 0] > 0
    assert background[[0, -1]].all() and background[:, [0, -1]].all() and not background.all()


def test_the_numbers_are_those_of_the_box_that_the_cut_gives(drawn, maps):
    found = numbers(maps[0, -1], drawn.boxes_of(3), 48, 0.5)
    (x0, y0, x1, y1), (a0, b0, a1, b1) = Cut(0.5).box(maps[0, -1] / 255)[0], np.round(drawn.boxes_of(3)[0])
    both = max(0, min(x1, a1) - max(x0, a0)) * max(0, min(y1, b1) - max(y0, b0))
    either = (x1 - x0) * (y1 - y0) + (a1 - a0) * (b1 - b0) - both
    assert found["boxes"] == 1 and found["iou"] == pytest.approx(both / either, abs=0.02)
    assert found["above"] >= found["kept"] > 0


def test_a_map_without_a_box_says_so(drawn):
    found = numbers(np.zeros((48, 48), np.uint8), drawn.boxes_of(3), 48, 0.5)
    assert found == {"above": 0, "kept": 0, "boxes": 0, "iou": 0}
    start = "df, image 3: 0.000 of the image exceeds 0.50, 0.000 is kept."
    assert fill(CAPTION, found | {"name": "df, image 3", "threshold": 0.5}) == (
        f"{start} There is no box: nothing stands out, or everything."
    )


@pytest.mark.parametrize("threshold", [0.05, 0.5, 0.63, 0.95])
def test_the_browser_has_the_same_numbers(drawn, maps, displayed, page, settle, threshold):
    explore_saliency(drawn, np.array([3, 4]))
    tab = page()
    for image in range(2):
        for place, stage in enumerate(STEPS):
            shown = settle(tab, image=image, stage=stage, threshold=threshold)
            expected = numbers(maps[image, place], drawn.checked_boxes(3 + image), 48, threshold)
            assert shown == pytest.approx(expected, abs=1e-9)
            start = f"df, image {3 + image}: {expected['above']:.3f} of the image exceeds {threshold:.2f}, "
            assert tab.inner_text(".ck-words").startswith(f"{start}{expected['kept']:.3f} is kept")


def test_what_does_not_fit_is_refused(drawn, tiny):
    with pytest.raises(ValueError, match="did you mean 'saliency'"):
        explore_saliency(drawn, np.array([3]), stage="salience")
    with pytest.raises(ValueError, match="threshold = 2 is out of range"):
        explore_saliency(drawn, np.array([3]), threshold=2)
    with pytest.raises(ValueError, match="images that have a box"):
        explore_saliency(tiny, np.array([0]))
