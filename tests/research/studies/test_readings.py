"""The readings of lesson 14: what each changes of a step, held against the step computed by hand."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from torch.nn import functional

from carekit import Care
from carekit.experiment.profiles import profile
from carekit.networks import build
from carekit.research.setting import Setting
from carekit.research.setting import setting as lesson_setup
from carekit.research.setting.drawn import load_drawn
from carekit.research.setting.parameters import check_parameters
from carekit.research.studies import readings
from carekit.research.studies.readings import (
    ANOTHER,
    PLAIN,
    READINGS,
    TRAINED,
    LeftInGrad,
    NormalisedLast,
    Setup,
    angle,
    step_gradient,
)


@pytest.fixture(scope="module")
def lesson(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CAREKIT_RUNS", str(tmp_path_factory.mktemp("runs")))
        parameters = check_parameters({"profile": "fast"})
        chosen = replace(profile("fast"), images=70, test_images=1, size=64)
        kind = lesson_setup.KINDS["synthetic"]
        yield Setting(parameters, load_drawn(lesson_setup.recipe(kind, parameters, chosen)), chosen)


@pytest.fixture(scope="module")
def model(lesson):
    return build("small", len(lesson.data.classes), seed=1)


@pytest.fixture(scope="module")
def scene(lesson, model):
    return readings.scenes(lesson, model, size=24)[0]


def test_the_two_batches_share_no_image_and_both_have_boxes(lesson, model):
    here, there = readings.scenes(lesson, model, size=24)
    assert here.batch.has_box.any() and there.batch.has_box.any() and len(here.batch.labels) <= 24
    same = (here.batch.images[:, None] == there.batch.images[None]).flatten(2).all(2)
    assert not same.any()


def test_a_step_is_the_gradient_of_the_loss_and_leaves_the_model_alone(scene, lesson):
    before = [weight.clone() for weight in scene.model.state_dict().values()]
    taken = step_gradient(scene, Setup(lesson.care))
    after = scene.model.state_dict().values()
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))
    net = build("small", 7, seed=1).train()
    logits, features = net.behind_early()(scene.early)
    loss = lesson.care(logits, features, scene.batch.labels, scene.batch.m_in, scene.batch.has_box)
    loss.total.backward()
    by_hand = torch.cat([weight.grad.flatten() for weight in net.parameters()]).numpy()
    assert np.allclose(taken.gradient, by_hand, atol=1e-6) and taken.attention == pytest.approx(loss.attention.item())


def test_what_is_left_in_grad_is_what_two_backward_passes_add_up_to(scene, lesson):
    net = build("small", 7, seed=1).train()
    logits, features = net.behind_early()(scene.early)
    logits.gather(1, scene.batch.labels[:, None]).sum().backward(retain_graph=True)  # as the released code does
    care = lesson.care(logits, features, scene.batch.labels, scene.batch.m_in, scene.batch.has_box)
    care.total.backward()
    by_hand = torch.cat([weight.grad.flatten() for weight in net.parameters()]).numpy()
    taken = step_gradient(scene, Setup(LeftInGrad(**lesson.care.parameters())))
    assert np.linalg.norm(taken.gradient - by_hand) < 1e-3 * np.linalg.norm(by_hand)  # sums of 32 bits in another order
    assert taken.attention == pytest.approx(care.attention.item(), abs=1e-3)
    assert LeftInGrad().control() == Care(alpha=0)


def test_normalised_last_brings_the_enlarged_map_to_its_own_ends():
    maps, m_in = torch.rand(2, 4, 4), torch.zeros(2, 32, 32, dtype=torch.uint8)
    m_in[:, 8:20, 4:16] = 1
    inside, outside = NormalisedLast(tau=1.0).parts(maps, m_in)
    for i in range(2):
        large = functional.interpolate(maps[i][None, None], size=(32, 32), mode="bilinear")[0, 0]
        large = (large - large.min()) / (large.max() - large.min())
        assert -inside[i].item() == pytest.approx(large[m_in[i] > 0].mean().item(), abs=1e-5)
        assert outside[i].item() == pytest.approx(large[m_in[i] == 0].mean().item(), abs=1e-5)


def test_angles_are_those_of_geometry():
    assert angle(np.array([1.0, 0]), np.array([0, 2.0])) == pytest.approx(90)
    assert angle(np.array([1.0, 1]), np.array([-3.0, -3])) == pytest.approx(180)
    assert np.isnan(angle(np.zeros(2), np.ones(2)))


def test_each_reading_is_compared_and_the_known_ones_do_what_is_known(lesson, model):
    thrown = readings.compare_readings(lesson, model)
    assert list(thrown.index) == [PLAIN, ANOTHER, *READINGS]
    assert (thrown.angle.drop(PLAIN) > 0).all()
    assert thrown.maps["gradient of"] < 0  # the map of the loss is upside down
    assert thrown.maps["mean over"] == pytest.approx(1) and thrown.angle["compared at"] < 20
    here = readings.scenes(lesson, model)[0].batch.has_box
    factor = thrown.L_a[PLAIN] / thrown.L_a["mean over"]
    assert factor == pytest.approx(len(here) / here.sum().item(), rel=1e-4)


def test_a_reading_that_is_the_other_value_already_is_left_out(lesson, model):
    other = replace(lesson, parameters=lesson.parameters | {"tau": 0.5}, data=replace(lesson.data, masks=None))
    thrown = readings.compare_readings(other, model)
    assert "τ" not in thrown.index and "M_in" not in thrown.index and "λ" in thrown.index


def test_the_table_has_words_numbers_and_intervals_and_the_letter_asks(lesson):
    thrown = pd.DataFrame({"angle": 10.0, "maps": 1.0, "L_a": 0.1}, index=list(READINGS))
    thrown.loc["ReLU", "angle"] = 99.0
    columns = pd.MultiIndex.from_product([["rare_recall"], ["mean", "±"]])
    moved = pd.DataFrame([[-0.1, 0.02]], columns=columns, index=["mean over"])
    whole = readings.with_words(thrown, moved)
    assert whole.loc["mean over", "change: recall of the rare class"] == "-0.10 ± 0.02"
    assert whole.loc["ReLU", "step turned (°)"] == 99 and "(Eq. 3)" in whole.loc["ReLU", "the paper"]
    said = pd.DataFrame([("CSL", "MCA", "T2 77.2, T7 75.9", 1.3)], columns=["setting", "what", "printed", "apart"])
    letter = readings.letter(thrown.angle, {"skin": [55.2], "chest": []}, said)
    assert letter.index("99 degrees") < letter.index("10 degrees") and "55.2 %" in letter and "on chest" not in letter


def test_every_reading_has_its_words():
    words = readings.words()
    assert list(words.index) == list(READINGS) and (words != "").all(axis=None)


def test_each_arm_differs_from_care_in_one_thing(lesson):
    arms = readings.arms(lesson)
    assert list(arms) == list(TRAINED) and len(arms) == 5
    for arm in arms.values():
        assert arm != lesson.arm
        assert (arm.objective == lesson.arm.objective) != (arm.strategy == lesson.arm.strategy)
