import numpy as np
import pytest

from carekit.material.drawing.artefacts import ARTEFACTS
from carekit.material.drawing.outline import LARGEST, outline
from carekit.material.drawing.skin import CLASSES, SKIN, render_skin
from carekit.material.drawing.texture import cells, cloud
from carekit.material.drawing.tissue import stain

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
    pairs = [[render_skin(0, index, label, size, rates=ALL) for size in (64, 192)] for index in range(10)]
    shifts = np.array([np.abs(large.boxes / 3 - small.boxes).max() for small, large in pairs])
    assert np.median(shifts) < 1 and shifts.max() < 6  # a ragged tip may hang on by less than a pixel
    for small, large in pairs:
        overlap = (large.mask.reshape(64, 3, 64, 3).mean((1, 3)) > 0.5) == small.mask
        assert small.artefacts == large.artefacts and overlap.mean() > 0.98
    small, large = pairs[5]
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
    kind = list(CLASSES.values())[label]
    for _ in range(5):
        lesion = outline(rng, 64, kind.style)
        image = np.full((64, 64, 3), 0.6, np.float32)
        stain(image[lesion.crop], kind.structure(lesion, rng))
        change = np.abs(image - 0.6).max(2)
        assert change[lesion.mask == 0].mean() < 0.02  # it fades across the border
        assert change[lesion.crop][lesion.depth < -lesion.edge].max(initial=0) == 0
        assert change[lesion.mask == 1].mean() > 0.03


def test_melanin_blood_and_keratin_dim_in_the_order_of_their_colours():
    means = [
        np.mean([colour_ratio(render_skin(0, index, label, 64)) for index in range(40)], 0)
        for label in (SKIN.classes.index(name) for name in ("nv", "vasc", "akiec"))
    ]
    (nv, vasc, akiec) = means
    assert nv[2] < nv[1] < nv[0] and vasc[1] < vasc[2] < vasc[0]  # brown takes most blue, blood most green
    assert (akiec > nv).all() and (akiec > vasc).all()  # the faintest


def colour_ratio(scene):
    inside, outside = scene.image[scene.mask == 1], scene.image[scene.mask == 0]
    return inside.mean(0) / outside.mean(0)


def test_lesions_vary_in_size_and_leave_a_strip_free():
    for scale, spread in ((1, 1), (1.5, 0), (1.5, 2)):
        boxes = np.array(
            [outline(np.random.default_rng(i), 64, CLASSES["mel"].style, scale, spread).mask for i in range(200)]
        )
        sides = np.stack([boxes.any(2).sum(1), boxes.any(1).sum(1)], 1).max(1) / 64
        assert sides.max() < LARGEST + 0.1 and np.ptp(sides) > 0.25


def test_textures_have_unit_variance_and_are_the_same_at_every_size():
    fine, coarse = (cloud(np.random.default_rng(4), size, 1.0, 1.5) for size in (256, 64))
    shrunk = fine.reshape(64, 4, 64, 4).mean((1, 3))
    assert np.corrcoef(shrunk.ravel(), coarse.ravel())[0, 1] > 0.97
    spread = np.mean([cloud(np.random.default_rng(i), 64, 4.0, 1.2).std() for i in range(50)])
    assert spread == pytest.approx(1, abs=0.15)
    lines = cells(64, 30)[..., 0], cells(192, 30)[..., 0].reshape(128, 3, 128, 3).mean((1, 3))
    assert np.corrcoef(*(each.ravel() for each in lines))[0, 1] > 0.95


@pytest.mark.parametrize("kind", sorted(ARTEFACTS))
def test_an_artefact_leaves_most_of_the_lesion_alone(kind):
    for index in range(60):
        _, _, [box], _ = render_skin(2, index, index % 7, 64)
        image = np.full((64, 64, 3), 0.6, np.float32)
        ARTEFACTS[kind](image, box / 64, np.random.default_rng(index))
        change = np.abs(image - 0.6).max(2)
        touched = change > 0.02
        x0, y0, x1, y1 = box.astype(int)
        assert touched.any()
        assert touched[y0:y1, x0:x1].mean() < (0.45 if kind == "hair" else 0.02)
        if kind == "ink":
            assert not touched[y0:y1, x0:x1].any() and (change > 0.15).sum() > 20


def test_ink_finds_a_place_beside_the_largest_lesion():
    for index in range(60):
        bare, inked = (
            render_skin(5, index, index % 7, 64, rates={"ink": rate}, lesion_size=1.5, spread=index % 3)
            for rate in (0, 1)
        )
        x0, y0, x1, y1 = bare.boxes[0].astype(int)
        change = np.abs(inked.image.astype(int) - bare.image).max(2) > 25
        assert change.sum() > 12 and not change[y0:y1, x0:x1].any()
