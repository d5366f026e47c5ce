import numpy as np
import pytest
import torch
from matplotlib.text import Text

from carekit import Care, box_masks
from carekit.course.explorers import attention_loss
from carekit.course.explorers.attention_loss import explore_attention_loss, numbers
from carekit.course.explorers.captions import fill


@pytest.fixture
def scene(tiny):
    """Images with a box, and maps with no symmetry."""
    rows = np.flatnonzero(tiny.labels == 1)[:3]
    return tiny, rows, np.random.default_rng(0).random((3, 5, 7)).astype(np.float32)


def test_the_numbers_are_those_of_the_objective(scene):
    data, rows, maps = scene
    for row, map_ in zip(rows, maps, strict=True):
        found = numbers(map_, data.boxes_of(row), data.size, 0.4, 0.5, 0.3, 1.2)
        m_in, _ = box_masks([data.boxes_of(row)], (data.size, data.size), 1.2)
        inside, outside = Care(tau=0.4).parts(torch.from_numpy(map_)[None], m_in)
        assert found["l_in"] == pytest.approx(inside.item(), abs=1e-6)
        assert found["l_out"] == pytest.approx(outside.item(), abs=1e-6)
        assert found["weighted"] == pytest.approx(0.3 * (inside + 0.5 * outside).item(), abs=1e-6)


STEP = 0.02  # what a step at α = 1 moves a cell by, if the gradient is the same in all


def stepped(data, row, map_, tau, lam, alpha, box_scale, steps):
    """The map after some steps, by autograd through carekit's own loss at the image's size."""
    m_in, _ = box_masks([data.boxes_of(row)], (data.size, data.size), box_scale)
    moved = torch.from_numpy(map_)[None].double()
    for _ in range(steps):
        moved = moved.detach().requires_grad_()
        inside, outside = Care(tau=tau).parts(moved.float(), m_in)
        (gradient,) = torch.autograd.grad((alpha * (inside + lam * outside)).sum(), moved)
        moved = (moved - STEP * map_.size * gradient).clamp(0, 1)
    return moved[0].detach().numpy()


@pytest.mark.parametrize(("tau", "lam", "alpha", "scale"), [(0.7, 2.0, 0.5, 1.0), (0.3, 0.0, 0.9, 1.4)])
def test_a_step_goes_down_the_gradient_of_the_objective(scene, displayed, page, settle, tau, lam, alpha, scale):
    data, rows, maps = scene
    explore_attention_loss(data, rows, maps)
    tab = page()
    values = {"tau": tau, "lam": lam, "alpha": alpha, "box_scale": scale}
    for steps in range(1, 8):
        shown = settle(tab, image=0, steps=steps, **values)
        moved = stepped(data, rows[0], maps[0], steps=steps, **values)
        expected = numbers(moved, data.boxes_of(rows[0]), data.size, **values)
        assert shown == pytest.approx(expected, abs=2e-5)


def test_steps_are_taken_in_the_browser_and_stop_near_tau(scene, displayed, page, settle):
    data, rows, maps = scene
    explore_attention_loss(data, rows, maps, class_losses=[0.5, 1.0, 2.0])
    tab = page()
    values = {"tau": 0.6, "lam": 0.5, "alpha": 0.5, "box_scale": 1.0}
    settle(tab, image=1, **values)
    for label, steps in (("Take 10 steps", 10), ("Take 1 step", 11), ("Take 10 steps", 21)):
        tab.get_by_role("button", name=label, exact=True).click()
        shown = settle(tab)
        moved = stepped(data, rows[1], maps[1], steps=steps, **values)
        expected = numbers(moved, data.boxes_of(rows[1]), data.size, **values)
        assert shown == pytest.approx(expected, abs=1e-4)
        assert tab.inner_text(".ck-words").startswith(f"After {steps} steps. Mean activation inside the box 0.")
    assert shown["inside"] == pytest.approx(0.6, abs=0.1)
    bars = tab.get_by_label("Of the loss").get_attribute("aria-label").replace("\u2212", "-")
    assert f"L_c is 0.500 and α L_a is {shown['weighted']:.3f}" in bars
    tab.get_by_role("button", name="Back to the start").click()
    expected = numbers(maps[1], data.boxes_of(rows[1]), 16, **values)
    assert settle(tab)["inside"] == pytest.approx(expected["inside"], 1e-5)


def test_the_still_has_no_dollar_sign_and_the_sentence_of_the_first_image(scene, displayed, monkeypatch):
    """A formula must be drawn as one, or be written in plain letters: no picture says "$L_{in}$"."""
    stills = []
    monkeypatch.setattr(attention_loss.Explorer, "show", lambda _, still, values: stills.append((still, values)))
    explore_attention_loss(*scene)
    ((still, values),) = stills
    texts = [text for text in still.findobj(Text) if text.get_text()]
    assert "The inner loss, and this image on it" in [text.get_text() for text in texts]
    assert not [text.get_text() for text in texts if "$" in text.get_text() and not text.get_parse_math()]
    given = values | {"inside": 0.25, "l_in": -0.25, "l_out": 0.5, "l_a": 0.25, "weighted": 0.125}
    sentence = "Mean activation inside the box 0.25, below τ 0.70: L_in −0.250, L_out 0.500, L_a 0.250, α L_a 0.125."
    assert fill(attention_loss.CAPTION, given) == sentence
    assert fill(attention_loss.CAPTION, given | {"steps": 1, "inside": 0.75}).startswith(
        "After 1 step. Mean activation inside the box 0.75, above τ 0.70"
    )


@pytest.mark.parametrize(
    ("tau", "lam", "scale"), [(0.7, 1.0, 1.0), (0.2, 0.0, 0.5), (1.0, 2.0, 1.5), (0.45, 0.35, 0.85)]
)
def test_the_browser_has_the_same_numbers(scene, displayed, page, settle, tau, lam, scale):
    data, rows, maps = scene
    explore_attention_loss(data, rows, maps)
    tab = page()
    for i in range(3):
        shown = settle(tab, image=i, tau=tau, lam=lam, alpha=0.5, box_scale=scale)
        expected = numbers(maps[i], data.boxes_of(rows[i]), data.size, tau, lam, 0.5, scale)
        assert shown == pytest.approx(expected, abs=1e-5)
        sentence = fill(attention_loss.CAPTION, expected | {"tau": tau, "steps": 0})
        assert tab.inner_text(".ck-words") == sentence


def test_arrow_keys_move_a_slider_and_what_is_seen(scene, displayed, page):
    explore_attention_loss(*scene, tau=0.05)
    tab = page()
    slider = tab.get_by_label("τ", exact=True)
    slider.focus()
    pixels = "document.querySelectorAll('canvas')[2].toDataURL()"
    before, words_before = tab.evaluate(pixels), tab.inner_text(".ck-words")
    for _ in range(60):
        tab.keyboard.press("ArrowRight")
    tab.wait_for_function("words => document.querySelector('.ck-words').textContent !== words", arg=words_before)
    assert slider.get_attribute("aria-valuetext") == "τ 0.65" and tab.evaluate(pixels) != before


def test_predict_first_hides_the_outcome_until_there_is_a_guess(scene, displayed, page):
    explore_attention_loss(*scene)
    tab = page()
    tab.get_by_label("Predict first").check()
    tab.locator("canvas").nth(1).wait_for(state="hidden")
    assert tab.locator("canvas").first.is_visible()  # the image: one guesses from it
    assert "Guess first" in tab.inner_text(".ck-words")
    tab.get_by_label("Your guess of L_a").fill("0.25")
    tab.get_by_role("button", name="Look").click()
    tab.wait_for_function("document.querySelector('.ck-words').textContent.startsWith('You guessed 0.250; it is')")
    assert tab.locator("canvas").nth(1).is_visible()


def test_presets_set_all_parameters_and_look_pressed_and_lines_of_python_are_copied(scene, displayed, page):
    explore_attention_loss(*scene, tau=0.6, lam=3.0, alpha=0.9)
    tab = page()
    pressed = tab.locator(".ck-tools [aria-pressed=true]")
    assert pressed.count() == 0
    tab.get_by_role("button", name="τ too small").click()
    pressed.wait_for()
    assert pressed.inner_text() == "τ too small"
    assert tab.get_by_label("τ", exact=True).input_value() == "0.1"
    tab.get_by_role("button", name="Copy parameters").click()
    lines = tab.locator(".ck-line").text_content()
    pasted = {}
    exec(lines, pasted)
    assert {name: pasted[name] for name in ("tau", "lam", "alpha", "box_scale")} == {
        "tau": 0.1, "lam": 1, "alpha": 0.5, "box_scale": 1
    }  # fmt: skip
    tab.get_by_role("button", name="Reset all controls").click()
    assert tab.get_by_label("τ", exact=True).input_value() == "0.6"


def test_the_line_follows_the_values_and_a_guess_is_spent_by_them(scene, displayed, page):
    explore_attention_loss(*scene)
    tab = page()
    tab.get_by_role("button", name="Copy parameters").click()
    tab.get_by_label("Predict first").check()
    for preset, tau in (("τ too small", "0.1"), ("A loose box", "0.7")):
        tab.get_by_role("button", name=preset).click()
        tab.wait_for_function(f"document.querySelector('.ck-line').textContent.includes('tau = {tau}')")
        assert tab.inner_text(".ck-words") == "Guess first; then look."
        tab.get_by_label("Your guess of L_a").fill("0.25")
        tab.get_by_role("button", name="Look").click()
        tab.wait_for_function("document.querySelector('.ck-words').textContent.startsWith('You guessed')")


def test_sliders_hold_any_valid_parameter_and_other_values_are_told(scene, displayed, page, settle):
    explore_attention_loss(*scene, lam=5.0, box_scale=2.5)
    tab = page()
    values = [tab.get_by_label(label, exact=True).input_value() for label in ("λ", "Box scale")]
    assert values == ["5", "2.5"]
    settle(tab, image=99)
    assert tab.inner_text(".ck-alarm").startswith("Image 99 is not there: choose 0 to")
    assert not tab.locator("canvas").first.is_visible()


def test_maps_that_do_not_belong_to_the_images_are_refused(scene):
    data, rows, maps = scene
    with pytest.raises(ValueError, match=f"{len(rows) - 1} maps do not belong to {len(rows)} images"):
        explore_attention_loss(data, rows, maps[1:])


def test_images_without_a_box_are_refused(tiny):
    with pytest.raises(ValueError, match="images that have a box"):
        explore_attention_loss(tiny, np.flatnonzero(tiny.labels == 0)[:2], np.zeros((2, 4, 4), np.float32))
