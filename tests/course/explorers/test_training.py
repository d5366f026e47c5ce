import threading
from dataclasses import replace

import numpy as np
import pytest

from carekit import Care, compare, experiment
from carekit.course.explorers import frame
from carekit.course.explorers.captions import fill
from carekit.course.explorers.overlay import inside, mask_of
from carekit.course.explorers.training import explore_training, recording, session, thread, view
from carekit.course.explorers.training.numbers import CAPTION, values, values_of
from carekit.course.explorers.training.recording import CURVES, pack, record, watch
from carekit.experiment import Arm, evaluation
from carekit.experiment.box_sources import Jittered, Scaled
from carekit.experiment.profiles import Profile
from carekit.networks import build
from carekit.objectives import InputGradient
from carekit.training import Schedule

ARM = Arm(Care(alpha=0.4, tau=0.6), Scaled(1.2))
STAGE = Schedule(epochs=3, batch_size=8, lr=3e-3, cosine=True)
PROFILE = Profile("test", 16, "small", False, 24, STAGE, STAGE, sweep_seeds=1)


@pytest.fixture(autouse=True)
def one_process(monkeypatch):
    monkeypatch.setattr(recording, "cpu_count", lambda: 1)


@pytest.fixture
def rows(tiny):
    test = tiny.split("test")
    return np.flatnonzero(test.labels == 1)


@pytest.fixture
def seen(tiny, rows):
    return record(build("small", 2), tiny, PROFILE, rows, ARM, 0)


@pytest.fixture
def shown(tiny, rows, displayed):
    return explore_training(build("small", 2), tiny, PROFILE, rows, ARM, progress=False)


def test_a_recording_is_the_run_of_the_experiment(tiny, rows):
    """The same figures after every epoch, and at the end the same maps, bit for bit."""
    arms = {"plain": Arm(Care(alpha=0)), "care": ARM}
    pretrained, plain, care = compare(tiny, PROFILE, arms, [3], watched=experiment.WATCHED, progress=False)
    model = experiment.load_model(pretrained, tiny, PROFILE)
    before = [value.clone() for value in model.state_dict().values()]
    seen = record(model, tiny, PROFILE, rows, ARM, 3)
    assert len(seen) == 4
    assert all((a == b).all() for a, b in zip(before, model.state_dict().values(), strict=True))
    names = [name for name in CURVES if name != "class_loss"]
    for place, run in enumerate((care, plain)):
        assert [seen[0].curves[place, 1, list(CURVES).index(name)] for name in names] == pytest.approx(
            [pretrained.scores[name] for name in names], rel=1e-6
        )
        for epoch, (_, row) in zip(seen[1:], run.history.iterrows(), strict=True):
            found = [epoch.curves[place, 1, list(CURVES).index(name)] for name in names]
            assert found == pytest.approx([row[name] for name in names], rel=1e-6)
        expected = evaluation.predict(experiment.load_model(run, tiny, PROFILE), tiny.split("test"))
        np.testing.assert_array_equal(seen[-1].maps[place], expected.maps[rows])


def test_watching_gives_what_is_recorded_and_processes_give_the_same(tiny, rows, seen, monkeypatch):
    monkeypatch.setattr(recording, "cpu_count", lambda: 2)
    at_once = record(build("small", 2), tiny, PROFILE, rows, ARM, 0)
    watched = list(watch(build("small", 2), tiny, PROFILE, rows, ARM, 0))
    for other in (at_once, watched):
        assert len(other) == len(seen)
        for a, b in zip(other, seen, strict=True):
            for name in ("curves", "maps", "probabilities"):
                np.testing.assert_array_equal(getattr(a, name), getattr(b, name))


def test_the_curve_of_the_loss_is_the_cross_entropy(tiny, rows, seen):
    model = build("small", 2)
    for part, name in enumerate(("train", "test")):
        found = evaluation.predict(model, tiny.split(name))
        expected = -np.log(found.probabilities[np.arange(len(found.labels)), found.labels]).mean()
        assert seen[0].curves[0, part, list(CURVES).index("class_loss")] == pytest.approx(expected, rel=1e-5)


def test_training_images_without_a_box_are_refused_in_a_sentence(tiny, rows):
    bare = replace(tiny, boxes=tiny.boxes[tiny.boxes.image_id.isin(tiny.split("test").samples.image_id)])
    with pytest.raises(ValueError, match="no training image of the chosen classes has a box"):
        explore_training(build("small", 2), bare, PROFILE, rows, ARM, progress=False)
    with pytest.raises(ValueError, match=r"choose some with lesson\.rare_rows"):
        explore_training(build("small", 2), tiny, PROFILE, np.array([0]), ARM, progress=False)


@pytest.mark.parametrize("arm", [Arm(InputGradient()), Arm(boxes=Jittered())])
def test_an_arm_without_sliders_is_refused_in_a_sentence(tiny, rows, arm):
    with pytest.raises(ValueError, match="has no sliders here: give an arm of Care with Truth or Scaled boxes"):
        explore_training(build("small", 2), tiny, PROFILE, rows, arm, progress=False)


def test_the_browser_has_the_same_numbers(tiny, rows, seen, shown, displayed, page, settle):
    tab, test = page(), tiny.split("test")
    for epoch in range(4):
        name, i = list(CURVES)[epoch], epoch % len(rows)
        m_in = mask_of(test.boxes_of(rows[i]), 16)
        right = (seen[epoch].probabilities.argmax(2) == 1).sum(1)
        numbers = settle(tab, epoch=epoch, metric=name, image=i)
        (train, expected), (plain_train, plain) = seen[epoch].curves[:, :, epoch]
        assert numbers == pytest.approx(
            {
                "test": expected,
                "plain": plain,
                "train": train,
                "plain_train": plain_train,
                "gain": expected - plain,
                "inside": inside(seen[epoch].maps[0, i], m_in)[0],
                "plain_inside": inside(seen[epoch].maps[1, i], m_in)[0],
                "right": right[0],
                "plain_right": right[1],
            },
            abs=1e-5,
        )
        shown_ = values(seen, epoch, name, values_of(ARM), i, m_in, tiny.classes)
        assert tab.inner_text(".ck-words") == fill(CAPTION, shown_)


def test_it_leaves_a_picture_and_words_where_nothing_can_be_drawn(tiny, rows, seen, shown, displayed):
    (data,) = displayed
    m_in = mask_of(tiny.split("test").boxes_of(rows[0]), 16)
    chances = seen[3].probabilities[:, 0]
    (share, lift), (plain, plain_lift) = (inside(map_, m_in) for map_ in seen[3].maps[:, 0])
    recall, control = seen[3].curves[:, :, 0]
    assert data["text/plain"] == (
        "Epoch 3 of 3 with α 0.40, τ 0.60, λ 1.00, box scale 1.20: "
        f"recall of the rare class {recall[1]:.3f} with CARE, {control[1]:.3f} with α = 0 on test images; "
        f"{recall[0]:.3f} and {control[0]:.3f} on training images. "
        f"Share of attention inside the box of this image: {share:.3f} ({lift:.1f} × the box’s area) with CARE, "
        f"{plain:.3f} ({plain_lift:.1f} × the box’s area) with α = 0; they say "
        f"{tiny.classes[chances[0].argmax()]} ({chances[0].max():.2f}) and "
        f"{tiny.classes[chances[1].argmax()]} ({chances[1].max():.2f})."
    )
    assert data["image/png"] and data[frame.MIME]["defaults"]["epoch"] == 3


def test_without_a_kernel_the_epochs_can_be_played_and_nothing_trained(shown, displayed, page):
    tab = page()
    for name in ("Train with these values", "Pause", "Stop", "The paper's values"):
        assert tab.get_by_text(name, exact=True).is_hidden()
    assert tab.get_by_label("τ", exact=True).is_hidden()
    assert "open the notebook" in tab.inner_text(".ck-training")
    tab.get_by_role("button", name="Play the epochs").click()
    seen = ["Epoch 0 of 3", "Epoch 1 of 3", "Epoch 2 of 3", "Epoch 3 of 3"]
    for start in seen:
        tab.wait_for_function("start => document.querySelector('.ck-words').textContent.startsWith(start)", arg=start)
    assert tab.get_by_label("Epoch", exact=True).input_value() == "3"


def test_the_chart_has_a_line_for_each_model_and_part(seen, shown, displayed, page, settle):
    tab = page()
    points = "document.querySelectorAll('svg polyline')[0].getAttribute('points')"
    before = tab.evaluate(points)
    assert tab.locator("svg polyline").count() == 5 and tab.locator("svg circle").count() == 2
    settle(tab, metric="class_loss")
    assert tab.evaluate(points) != before and tab.evaluate(points).count(",") == 4
    first, last = seen[0].curves[0, 1, 3], seen[-1].curves[0, 1, 3]
    label = tab.locator("svg").get_attribute("aria-label")
    assert f"with CARE from {first:.3f} to {last:.3f}" in label


@pytest.fixture
def flips(seen, monkeypatch):
    """Epochs in whose last CARE finds the first image alone, and the control the second alone."""
    said = np.zeros_like(seen[-1].probabilities)
    said[..., 0] = 1
    for arm in (0, 1):
        said[arm, arm] = (0, 1)
    changed = [*seen[:-1], replace(seen[-1], probabilities=said)]
    monkeypatch.setattr(view, "record", lambda *_, **__: changed)


def test_the_gallery_shows_where_the_models_disagree(tiny, rows, flips, displayed, page, settle):
    explore_training(build("small", 2), tiny, PROFILE, rows, ARM, progress=False)
    tab = page()
    small = tab.locator(".ck-small-picture")
    assert small.count() == len(rows) == 2
    assert tab.inner_text(".ck-badge") == (
        "Right: CARE 1, control (α = 0) 1 of 2. They disagree on 2: CARE gains 1 and loses 1."
    )
    labels = [f"rare, test image {row}: CARE {a}, α = 0 {b}" for row, a, b in
              ((rows[0], "right", "wrong"), (rows[1], "wrong", "right"))]  # fmt: skip
    assert [each.get_attribute("aria-label") for each in small.all()] == labels
    settle(tab, disagree=True)
    groups = tab.get_by_role("listbox").get_by_role("group")
    assert [each.get_attribute("aria-label") for each in groups.all()] == ["1 gained by CARE", "1 lost by CARE"]
    settle(tab, epoch=0)  # both are the pretrained model there
    assert tab.locator(".ck-small-picture").count() == 0


def test_keys_choose_an_image_of_the_gallery(tiny, rows, flips, displayed, page):
    explore_training(build("small", 2), tiny, PROFILE, rows, ARM, progress=False)
    tab = page()
    image = "document.querySelector('.ck-alone').carekit.values.image"
    tab.get_by_role("listbox").focus()
    for key, expected in (("ArrowRight", 1), ("ArrowRight", 1), ("Home", 0), ("End", 1), ("ArrowLeft", 0)):
        tab.keyboard.press(key)
        assert tab.evaluate(image) == expected
    tab.locator(".ck-small-picture").nth(1).click()
    tab.wait_for_function("document.querySelectorAll('.ck-small-picture')[1].ariaSelected === 'true'")
    assert tab.get_by_role("listbox").get_attribute("aria-activedescendant") == tab.locator(".ck-small-picture").nth(
        1
    ).get_attribute("id")


def test_a_guess_is_of_what_care_gains(seen, shown, displayed, page):
    tab = page()
    tab.get_by_label("Predict first").check()
    tab.locator("svg").wait_for(state="hidden")
    assert tab.locator(".ck-trio canvas").first.is_visible() and tab.locator(".ck-sign").first.is_hidden()
    tab.get_by_label("Your guess of the gain of CARE").fill("0.5")
    tab.get_by_role("button", name="Look").click()
    tab.wait_for_function("document.querySelector('.ck-words').textContent.startsWith('You guessed 0.500; it is')")


def asked(explorer, told, question):
    explorer._reply(explorer, question | {"number": 1}, [])
    return told[-1]


@pytest.fixture
def told(shown, monkeypatch):
    """The explorer's answers."""
    answers = []
    monkeypatch.setattr(type(shown), "send", lambda _, content, **__: answers.append(content))
    return answers


def test_a_new_training_is_that_of_the_sliders(tiny, rows, shown, told):
    values = {"alpha": 0.7, "tau": 0.3, "lam": 2.0, "box_scale": 0.8}
    assert asked(shown, told, {"do": "start", "parameters": values}) == {"number": 1}
    thread._latest.join(60)
    assert shown.live["status"] == "done"
    new = Arm(Care(alpha=0.7, tau=0.3, lam=2.0), Scaled(0.8))
    expected = pack(record(build("small", 2), tiny, PROFILE, rows, new, 0), values)
    assert shown.live["run"] == expected


@pytest.fixture
def held(shown, told, monkeypatch):
    """A training that was asked for and tells its first epoch when it is let."""
    steps = view.watch
    let = threading.Event()
    monkeypatch.setattr(view, "watch", lambda *given: (let.wait(60) and each for each in steps(*given)))
    asked(shown, told, {"do": "start", "parameters": {"alpha": 0.7, "tau": 0.3, "lam": 1.0, "box_scale": 1.0}})

    def go():
        let.set()
        thread._latest.join(60)

    return go


def test_stopped_before_its_first_epoch_it_leaves_the_recorded_run(shown, told, held):
    assert shown.live == {"status": "training", "run": None}
    asked(shown, told, {"do": "stop"})
    held()
    assert shown.live == {}


def test_a_run_that_was_left_does_not_come_back(shown, told, held, monkeypatch):
    def slowly(*given):
        asked(shown, told, {"do": "forget"})  # while the thread is about to tell
        return pack(*given)

    monkeypatch.setattr(session, "pack", slowly)
    held()
    assert shown.live == {}


def test_what_cannot_be_done_is_said_in_the_frame(shown, told):
    assert "start one" in asked(shown, told, {"do": "pause"})["error"]
    values = {"alpha": 1.0, "tau": 0.3, "lam": 2.0, "box_scale": 0.8}
    assert "alpha = 1.0" in asked(shown, told, {"do": "start", "parameters": values})["error"]
    assert "there is no training to dance" in asked(shown, told, {"do": "dance"})["error"]
    assert shown.live == {}
