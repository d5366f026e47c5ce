import base64

import numpy as np
import pytest
import torch

from carekit.course.explorers import frame
from carekit.course.explorers.ink import explore_ink
from carekit.course.explorers.ink.numbers import first_of_all_classes, forward_pass
from carekit.course.explorers.ink.thumbnails import turned_first
from carekit.material.drawing.marks import plant
from carekit.networks import build
from carekit.research.setting.ink_pair import InkAnswers, Pair, compare_marks


@pytest.fixture
def pair(tiny):
    test = tiny.split("test")
    return Pair(test, plant(test, "ink"))


@pytest.fixture
def models():
    return {"α = 0": build("small", 2, seed=0), "CARE": build("small", 2, seed=1)}


@pytest.fixture
def shown(models, pair, displayed):
    return explore_ink(models, pair, [3, 0, 7])


def test_a_map_adds_up_to_the_margin_of_the_rarest_class(pair, models):
    """Behind a linear head its mean is the score of the class less the mean of all, without the biases."""
    images = pair.clean.read([0, 3])
    for model in models.values():
        found = forward_pass(model, images, 1)
        with torch.no_grad(), model.evaluating():
            logits = model(pair.clean.tensor([0, 3])).logits
        bias = model.linear_head.bias.detach()
        margin = (logits[:, 1] - logits.mean(1)) - (bias[1] - bias.mean())
        np.testing.assert_allclose(found.maps.mean((1, 2)), margin.numpy(), rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(found.probabilities, logits.softmax(1).numpy(), rtol=1e-5)


def test_images_are_chosen_by_rule():
    """The first of each class, the rarest last; then the second of each."""
    labels = np.array([2, 0, 0, 1, 2, 1, 2])
    assert first_of_all_classes(labels, 1, 5).tolist() == [1, 0, 3, 2, 4]
    assert sorted(first_of_all_classes(labels, 1, 99)) == list(range(7))


def seen_of(clean, marked, others=(1, 1, 1, 1, 0)):
    called, with_ink, none = np.array(clean, bool), np.array(marked, bool), np.zeros(5, bool)
    return InkAnswers(np.array(others, bool), ~np.array(others, bool), called, with_ink, none, none)


def test_it_starts_with_the_first_images_that_the_ink_turns_for_the_first_model_alone():
    ordinary, care = seen_of([1, 0, 0, 0, 0], [1, 1, 1, 0, 1]), seen_of([0, 0, 0, 0, 0], [0, 1, 0, 0, 1])
    by_rule = np.array([3, 0, 1])
    assert turned_first({"α = 0": ordinary, "CARE": care}, by_rule).tolist() == [2, 3, 0, 1]
    assert turned_first({"α = 0": ordinary, "both": ordinary}, by_rule).tolist() == [1, 2, 3, 0]
    assert turned_first({"α = 0": ordinary}, by_rule).tolist() == [1, 2, 3, 0]
    assert turned_first({"CARE": care}, by_rule).tolist() == [1, 3, 0]
    assert turned_first({"none": seen_of([0] * 5, [0] * 5), "CARE": care}, by_rule).tolist() == [3, 0, 1]


def test_all_images_are_seen_with_a_frame_around_those_that_are_called_rare(pair, displayed, page, settle):
    """The ink on all of them changes the pictures and the frames; the frames are as many as are counted."""
    models = {"α = 0": build("small", 2, seed=0), "CARE": build("small", 2, seed=1)}
    explore_ink(models, pair)
    thumbnails = displayed[0][frame.MIME]["scene"]["thumbnails"]
    counts = compare_marks(models, pair)
    assert thumbnails["count"] == 6 == counts.others.iloc[0]
    tab = page()
    canvases = "[...document.querySelectorAll('.ck-thumbnails canvas')]"
    painted = f"{canvases}.every((canvas) => canvas.getContext('2d').getImageData(5, 5, 1, 1).data[3])"
    tab.wait_for_function(painted)
    framed = f"""{canvases}.map((canvas, m) => {{
        const colour = getComputedStyle(document.querySelectorAll('.ck-counts .ck-meter-fill')[m]).backgroundColor;
        const wanted = colour.match(/\\d+/g).map(Number);
        const at = (i) => [...canvas.getContext('2d').getImageData(52 * i + 2, 26, 1, 1).data].slice(0, 3);
        return [0, 1, 2, 3, 4, 5].filter((i) => at(i).every((value, c) => Math.abs(value - wanted[c]) < 8));
    }})"""
    pictures = []
    for state, column in ((0, "others_called_rare"), (1, "others_called_rare_marked")):
        settle(tab, all=bool(state))
        assert tab.evaluate(framed) == [of_model[state] for of_model in thumbnails["called"]]
        assert [len(of_model[state]) for of_model in thumbnails["called"]] == counts[column].tolist()
        captions = tab.locator(".ck-thumbnails figcaption").all_inner_texts()
        word = ("clean", "with ink")[state]
        assert captions[1] == f"CARE, {word}: {counts[column].iloc[1]} of 6 other diseases are called rare"
        pictures.append(tab.evaluate(f"{canvases}.map((canvas) => canvas.toDataURL())"))
    assert all(clean != inked for clean, inked in zip(*pictures, strict=True))


def test_each_control_of_the_ink_changes_what_is_seen(models, pair, displayed, page, settle):
    explore_ink(models, pair)
    tab = page()
    pixels = "[...document.querySelectorAll('canvas')].map((canvas) => canvas.toDataURL()).join()"
    seen = {tab.evaluate(pixels)}
    for number, values in enumerate(({"image": 1}, {"inked": True}, {"all": True}), 2):
        settle(tab, **values)
        seen.add(tab.evaluate(pixels))
        assert len(seen) == number


def test_the_browser_tells_what_the_models_say(models, pair, shown, displayed, page, settle):
    tab, counts = page(), compare_marks(models, pair)
    rows = [
        {"name": n, "others": r.others, "with": r.others_called_rare_marked, "without": r.others_called_rare}
        for n, r in counts.iterrows()
    ]
    for place, row in enumerate((3, 0, 7)):
        for inked, state in ((False, "clean"), (True, "with the test’s ink")):
            data = pair.marked if inked else pair.clean
            said = {name: forward_pass(model, data.read([row]), 1).probabilities[0] for name, model in models.items()}
            numbers = settle(tab, image=place, inked=inked, all=inked)
            assert [numbers["rare_0"], numbers["rare_1"]] == pytest.approx([s[1] for s in said.values()], abs=1e-5)
            assert numbers["right"] == sum(s.argmax() == data.labels[row] for s in said.values())
            name = f"{data.classes[data.labels[row]]}, test image {row}"
            answers = [f"{model} says {data.classes[p.argmax()]} (rare {p[1]:.2f})" for model, p in said.items()]
            expected = f"{name.capitalize()}, {state}: {'; '.join(answers)}."
            if inked:
                with_ink = [f"{r['name']}: {r['with']} ({r['without']} without ink)" for r in rows]
                expected += f" With ink on all 6 images of other diseases, so many become rare: {'; '.join(with_ink)}."
            assert tab.inner_text(".ck-words") == expected
    assert tab.locator(".ck-counts tbody tr").all_inner_texts()[1].split("\t")[:3] == [
        "CARE", str(rows[1]["without"]), str(rows[1]["with"])
    ]  # fmt: skip


def test_without_a_kernel_ink_is_drawn_and_removed_but_not_painted(shown, displayed, page):
    tab = page()
    state = "document.querySelector('.ck-alone').carekit.values"
    tab.get_by_role("button", name="Draw the test’s ink").click()
    assert tab.evaluate(f"{state}.inked") is True
    tab.get_by_role("button", name="Remove ink").click()
    assert tab.evaluate(f"{state}.inked") is False
    assert tab.get_by_label("Brush on the image").count() == 0 and "open the notebook" in tab.inner_text(".ck-hint")
    canvas = tab.locator("canvas").first.bounding_box()
    tab.mouse.move(canvas["x"] + 50, canvas["y"] + 50)
    tab.mouse.down()
    tab.mouse.up()
    assert tab.evaluate(f"{state}.strokes") == {"0": []}


def test_a_guess_is_of_the_whole_count_and_the_photo_stays(models, pair, shown, displayed, page):
    tab, counts = page(), compare_marks(models, pair)
    tab.get_by_label("Predict first").check()
    tab.get_by_role("button", name="Ink on all 6 other diseases").click()
    tab.locator(".ck-counts").wait_for(state="hidden")
    assert tab.locator("canvas").first.is_visible() and tab.locator("canvas").nth(1).is_hidden()
    tab.get_by_label("Your guess of the number of images that α = 0 then calls rare").fill("2")
    tab.get_by_role("button", name="Look").click()
    truth = counts.others_called_rare_marked.iloc[0]
    tab.wait_for_function(
        "start => document.querySelector('.ck-words').textContent.startsWith(start)",
        arg=f"You guessed 2.000; it is {truth:.3f}",
    )


def test_a_painted_image_is_answered_and_a_broken_one_refused(models, pair, shown, monkeypatch):
    told = []
    monkeypatch.setattr(type(shown), "send", lambda _, content, **__: told.append(content))
    image = pair.marked.read([5])
    text = base64.b64encode(image.tobytes()).decode()
    shown._reply(shown, {"number": 1, "key": "k", "pixels": text}, [])
    expected = [forward_pass(model, image, 1) for model in models.values()]
    assert told[-1]["key"] == "k" and told[-1]["maps"] == [frame.packed(each.maps) for each in expected]
    for bad in ("", "%%", text[:-8], None):
        shown._reply(shown, {"number": 2, "pixels": bad}, [])
        assert "is not one of 16 x 16 pixels in colour" in told[-1]["error"]


def test_what_cannot_be_shown_is_refused(models, pair, displayed):
    with pytest.raises(ValueError, match="there is no model to ask"):
        explore_ink({}, pair)
    with pytest.raises(ValueError, match="there is no image to paint on"):
        explore_ink(models, pair, [])
    with pytest.raises(ValueError, match="do not hold the same images"):
        explore_ink(models, Pair(pair.clean, pair.marked.take(np.arange(3))))
