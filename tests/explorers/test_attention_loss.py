import numpy as np
import pytest

from carekit import Care
from carekit.explorers.attention_loss import explore_attention_loss, losses, words


@pytest.fixture
def scene(tiny):
    """Images with a box, and maps with no symmetry."""
    rows = np.flatnonzero(tiny.labels == 1)[:3]
    return tiny, rows, np.random.default_rng(0).random((3, 5, 7)).astype(np.float32)


def test_the_numbers_are_those_of_the_objective(scene):
    import torch

    from carekit import box_masks

    data, rows, maps = scene
    for row, map_ in zip(rows, maps, strict=True):
        found = losses(map_, data.boxes_of(row), data.size, 0.4, 0.5, 0.3, 1.2)
        m_in, _ = box_masks([data.boxes_of(row)], (data.size, data.size), 1.2)
        inside, outside = Care(tau=0.4).parts(torch.from_numpy(map_)[None], m_in)
        assert found["l_in"] == pytest.approx(inside.item(), abs=1e-6)
        assert found["l_out"] == pytest.approx(outside.item(), abs=1e-6)
        assert found["weighted"] == pytest.approx(0.3 * (inside + 0.5 * outside).item(), abs=1e-6)


@pytest.mark.parametrize(
    ("tau", "lam", "scale"), [(0.7, 1.0, 1.0), (0.2, 0.0, 0.5), (1.0, 2.0, 1.5), (0.45, 0.35, 0.85)]
)
def test_the_browser_has_the_same_numbers(scene, displayed, page, settle, tau, lam, scale):
    data, rows, maps = scene
    explore_attention_loss(data, rows, maps)
    tab = page()
    for i in range(3):
        shown = settle(tab, image=i, tau=tau, lam=lam, alpha=0.5, box_scale=scale)
        expected = losses(maps[i], data.boxes_of(rows[i]), data.size, tau, lam, 0.5, scale)
        assert shown == pytest.approx(expected, abs=1e-5)
        assert tab.inner_text(".ck-words").replace("\u2212", "-") == words(expected, tau)


def test_arrow_keys_move_a_slider_and_what_is_seen(scene, displayed, page):
    explore_attention_loss(*scene, tau=0.05)
    tab = page()
    slider = tab.get_by_label("τ", exact=True)
    slider.focus()
    pixels = "document.querySelectorAll('canvas')[1].toDataURL()"
    before, words_before = tab.evaluate(pixels), tab.inner_text(".ck-words")
    for _ in range(60):
        tab.keyboard.press("ArrowRight")
    tab.wait_for_function("words => document.querySelector('.ck-words').textContent !== words", arg=words_before)
    assert slider.get_attribute("aria-valuetext") == "τ 0.65" and tab.evaluate(pixels) != before


def test_predict_first_hides_the_outcome_until_there_is_a_guess(scene, displayed, page):
    explore_attention_loss(*scene)
    tab = page()
    tab.get_by_label("Predict first").check()
    tab.locator("canvas").first.wait_for(state="hidden")
    assert "Guess first" in tab.inner_text(".ck-words")
    tab.get_by_label("Your guess of L_a").fill("0.25")
    tab.get_by_role("button", name="Look").click()
    tab.wait_for_function("document.querySelector('.ck-words').textContent.startsWith('You guessed 0.250; it is')")
    assert tab.locator("canvas").first.is_visible()


def test_presets_reset_and_the_line_for_papermill(scene, displayed, page):
    explore_attention_loss(*scene, tau=0.6)
    tab = page()
    tab.get_by_role("button", name="τ too small").click()
    assert tab.get_by_label("τ", exact=True).input_value() == "0.2"
    tab.get_by_role("button", name="Copy parameters").click()
    assert tab.inner_text(".ck-line") == "-p tau 0.2 -p lam 1 -p alpha 0.5 -p box_scale 1"
    tab.get_by_role("button", name="Reset all controls").click()
    assert tab.get_by_label("τ", exact=True).input_value() == "0.6"


def test_the_line_follows_the_values_and_a_guess_is_spent_by_them(scene, displayed, page):
    explore_attention_loss(*scene)
    tab = page()
    tab.get_by_role("button", name="Copy parameters").click()
    tab.get_by_label("Predict first").check()
    for preset, tau in (("τ too small", "0.2"), ("A loose box", "0.7")):
        tab.get_by_role("button", name=preset).click()
        tab.wait_for_function(f"document.querySelector('.ck-line').textContent.includes('-p tau {tau} ')")
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
