import numpy as np
import pytest

from carekit.material.drawing.canvas import coordinates
from carekit.material.drawing.chest import CHEST, CLASSES, findings, render_chest
from carekit.material.drawing.chest.anatomy import Body, Patient, attenuation
from carekit.material.drawing.chest.devices import DEVICES

OPACITY, ABNORMAL, NORMAL = (CLASSES.index(name) for name in ("opacity", "abnormal", "normal"))
ALL = dict.fromkeys(CHEST.artefacts, 0.5)


def patient(seed=0, size=64):
    return Patient.on_film(Body.draw(np.random.default_rng(seed)), size)


def test_the_same_numbers_give_the_same_bytes_whatever_came_before():
    first = render_chest(3, 7, OPACITY, 48, rates=ALL)
    render_chest(3, 8, NORMAL, 48)
    np.random.default_rng().random()
    again = render_chest(3, 7, OPACITY, 48, rates=ALL)
    assert first.artefacts == again.artefacts
    np.testing.assert_array_equal(first.image, again.image)
    for other in (render_chest(4, 7, OPACITY, 48), render_chest(3, 8, OPACITY, 48)):
        assert (other.image != first.image).mean() > 0.5
    assert (render_chest(3, 7, OPACITY, 48, train=False).image != first.image).mean() > 0.5


@pytest.mark.parametrize("label", range(3))
def test_another_resolution_shows_the_same_scene(label):
    shifts = []
    for index in range(6):
        small, large = (render_chest(0, index, label, size, rates=ALL) for size in (64, 192))
        assert small.artefacts == large.artefacts and len(small.boxes) == len(large.boxes)
        shifts.append(np.abs(large.boxes / 3 - small.boxes).max(initial=0))
        shrunk = large.image.reshape(64, 3, 64, 3, 3).mean((1, 3))
        assert np.abs(shrunk - small.image).mean() < 8  # of 255; the detector's noise is in it
        other = render_chest(0, index + 10, label, 64, rates=ALL)
        assert np.abs(shrunk - other.image).mean() > 12
    assert np.median(shifts) < 1.5 and max(shifts) < 6  # a ragged tip may be less than a pixel wide


def test_only_opacities_have_boxes_one_to_three_and_all_of_them_occur():
    numbers = {len(render_chest(1, i, OPACITY, 48).boxes) for i in range(40)}
    assert numbers == {1, 2, 3}
    for label in (NORMAL, ABNORMAL):
        scene = render_chest(1, 0, label, 48)
        assert scene.boxes.shape == (0, 4) and not scene.mask.any()


def test_boxes_are_tight_around_the_mask_inside_the_picture_and_apart():
    for index in range(40):
        scene = render_chest(2, index, OPACITY, 64)
        covered = np.zeros((64, 64), bool)
        for x0, y0, x1, y1 in scene.boxes.astype(int):
            part = scene.mask[y0:y1, x0:x1]
            assert part[0].any() and part[-1].any() and part[:, 0].any() and part[:, -1].any()
            covered[y0:y1, x0:x1] = True
        assert not scene.mask[~covered].any()
        middles = (scene.boxes[:, :2] + scene.boxes[:, 2:]) / 2
        for i, (x, y) in enumerate(middles):
            for j, (x0, y0, x1, y1) in enumerate(scene.boxes):
                assert i == j or not (x0 < x < x1 and y0 < y < y1)


def test_an_opacity_brightens_its_place_in_the_lungs_and_nothing_else():
    for index in range(10):
        rng = np.random.default_rng(index)
        lungs = patient(index)
        extra, parts = findings.opacities(lungs, rng, 1.0, 1.0)
        assert extra.min() >= 0 and extra[lungs.lungs == 0].max() == 0
        for part in parts:
            assert extra[part > 0.5].mean() > 0.1


def test_size_and_spread_of_opacities_are_factors():
    usual, large = (
        np.mean([render_chest(0, i, OPACITY, 64, lesion_size=size).mask.mean() for i in range(20)]) for size in (1, 1.4)
    )
    assert large > 1.4 * usual
    still, far = ([render_chest(0, i, OPACITY, 64, spread=spread).boxes[0, :2] for i in range(20)] for spread in (0, 2))
    assert np.ptp(far, 0).sum() > np.ptp(still, 0).sum()


def test_the_patient_is_drawn_alike_for_all_classes():
    def brightness(label):
        images = [render_chest(5, i, label, 32).image for i in range(150)]
        return np.mean([image[:8].mean() for image in images])  # above the lungs, where no finding is

    means = [brightness(label) for label in range(3)]
    assert max(means) - min(means) < 8


@pytest.mark.parametrize("finding", findings.FINDINGS)
def test_each_finding_is_visible(finding):
    rng = np.random.default_rng(1)
    body = Body.draw(np.random.default_rng(3))
    before = attenuation(Patient.on_film(body, 64), np.random.default_rng(4))
    findings.change(body, finding, rng)
    changed = Patient.on_film(body, 64)
    after = attenuation(changed, np.random.default_rng(4)) + findings.add(changed, finding, rng)
    assert np.abs(after - before).max() > 0.1


@pytest.mark.parametrize("kind", sorted(DEVICES))
def test_a_device_is_visible_and_clear_of_the_boxes(kind):
    for index in range(40):
        boxes = render_chest(2, index, OPACITY, 64).boxes
        film = np.full((64, 64), 0.5, np.float32)
        DEVICES[kind](film, boxes / 64, np.random.default_rng(index))
        touched = np.abs(film - 0.5) > 0.02
        if kind != "collimation":  # which may close no side
            assert touched.sum() > 12
        for x0, y0, x1, y1 in boxes.astype(int):
            inside = touched[y0:y1, x0:x1]
            assert inside.mean() < {"wires": 0.5, "device": 0.25}.get(kind, 1e-9), (kind, index)


def test_the_marker_is_bright_and_stands_where_the_body_is_dark_or_not_at_the_lungs():
    x, _ = coordinates(64)
    for index in range(20):
        film = np.zeros((64, 64), np.float32)
        DEVICES["marker"](film, np.zeros((0, 4)), np.random.default_rng(index))
        assert (film > 0.6).sum() >= 8 and (np.abs(x - 0.5)[film > 0.3] > 0.3).all()


@pytest.mark.parametrize("size", [16, 600])
def test_a_size_out_of_range_is_refused(size):
    with pytest.raises(ValueError, match=f"size = {size} is out of range"):
        render_chest(0, 0, 0, size)
