import numpy as np
import pytest

from carekit.explorers import frame
from carekit.explorers.imbalance import explore_imbalance, imbalance, words
from carekit.metrics import mean_class_accuracy

PAPER = {"nv": 6705, "mel": 1113, "bkl": 1099, "bcc": 514, "akiec": 327, "vasc": 142, "df": 115}


@pytest.mark.parametrize("ratio", [1, 8, 100])
def test_the_scores_are_those_of_the_metrics_on_as_many_labels(ratio):
    found = imbalance(ratio, list("abcd"), 1_000_000)
    labels = np.repeat(np.arange(4), [round(size) for size in found["sizes"].values()])
    always = np.zeros_like(labels)
    assert found["accuracy"] == pytest.approx((labels == always).mean(), abs=1e-5)
    assert found["mca"] == mean_class_accuracy(labels, always, 4)


def test_sizes_fall_by_one_factor_and_weights_balance_them():
    found = imbalance(58, list(PAPER))
    sizes, weights = (np.array(list(found[key].values())) for key in ("sizes", "weights"))
    assert sizes[0] == 1000 and sizes[0] / sizes[-1] == pytest.approx(58)
    assert np.allclose(sizes[1:] / sizes[:-1], 58 ** (-1 / 6))
    assert np.allclose(sizes * weights, sizes.sum() / 7)
    assert list(found["sizes"]) == list(found["weights"]) == list(PAPER)


@pytest.mark.parametrize("ratio", [0.5, 1001, float("nan")])
def test_a_ratio_out_of_range_is_refused(ratio):
    with pytest.raises(ValueError, match="out of range: choose from 1"):
        imbalance(ratio, ["a", "b"])


def test_counts_that_have_no_ratio_are_refused(displayed):
    with pytest.raises(ValueError, match="at least two names"):
        explore_imbalance({"nv": 3})
    with pytest.raises(ValueError, match="without an image"):
        explore_imbalance({"nv": 3, "df": 0})
    with pytest.raises(ValueError, match="1 \\(balanced\\) to 100"):
        explore_imbalance({"nv": 300, "df": 1})
    assert not displayed


def test_it_starts_at_the_counts_own_ratio_with_a_still_picture_and_its_words(displayed):
    explore_imbalance(dict(reversed(PAPER.items())))
    (bundle,) = displayed
    assert bundle[frame.MIME]["defaults"] == {"ratio": 58, "log": False}
    assert bundle["text/plain"] == words(58, imbalance(58, list(PAPER))) and bundle["image/png"]


@pytest.mark.parametrize("names", [list(PAPER), ["large", "small"], [f"class {i}" for i in range(15)]])
def test_the_browser_has_the_same_numbers(displayed, page, settle, names):
    explore_imbalance({name: 100 - i for i, name in enumerate(names)})
    tab = page()
    for ratio, log in ((1, False), (58, True), (97, False)):
        shown, expected = settle(tab, ratio=ratio, log=log), imbalance(ratio, names)
        for key in ("accuracy", "mca"):
            assert shown[key] == pytest.approx(expected[key], abs=1e-5)
        for key in ("sizes", "weights"):
            assert shown[key] == pytest.approx(list(expected[key].values()), abs=1e-5)
        assert tab.inner_text(".ck-words") == words(ratio, expected)


def test_the_bars_are_as_high_as_their_numbers(displayed, page, settle):
    explore_imbalance(PAPER)
    tab = page()
    heights = """[...document.querySelectorAll("svg")].slice(0, 2).map(
        (svg) => [...svg.querySelectorAll("rect")].map((bar) => +bar.getAttribute("height")))"""
    for log in (False, True):
        settle(tab, ratio=30, log=log)
        expected = imbalance(30, list(PAPER))
        for drawn, key in zip(tab.evaluate(heights), ("sizes", "weights"), strict=True):
            values = np.array(list(expected[key].values()))
            values = np.abs(np.log(values)) if log else values
            assert np.allclose(np.divide(drawn, drawn[0]), values / values[0], atol=1e-3)


def test_the_keyboard_alone_moves_the_ratio_and_the_scale(displayed, page):
    explore_imbalance(PAPER)
    tab = page()
    tab.get_by_label("Ratio", exact=True).focus()
    tab.keyboard.press("ArrowRight")
    tab.wait_for_function("document.querySelector('.ck-words').textContent.startsWith('Ratio 59')")
    bar = "document.querySelectorAll('rect')[6].getAttribute('height')"
    before = tab.evaluate(bar)
    tab.keyboard.press("Tab")
    tab.keyboard.press("Space")
    tab.wait_for_function(f"before => {bar} !== before", arg=before)
    assert tab.get_by_label("Log scale").is_checked()
    assert "MCA 0.143 as at any ratio" in tab.locator("svg").nth(2).get_attribute("aria-label")


def test_presets_and_a_guess_of_the_accuracy(displayed, page):
    explore_imbalance(PAPER)
    tab = page()
    tab.get_by_label("Predict first").check()
    tab.get_by_role("button", name="Balanced").click()
    tab.locator("svg").first.wait_for(state="hidden")
    tab.get_by_label("Your guess of the accuracy").fill("0.5")
    tab.get_by_role("button", name="Look").click()
    told = "You guessed 0.500; it is 0.143"
    tab.wait_for_function("told => document.querySelector('.ck-words').textContent.startsWith(told)", arg=told)


def test_there_is_no_line_for_papermill_since_no_lesson_has_such_a_parameter(displayed, page):
    explore_imbalance(PAPER)
    assert not page().get_by_role("button", name="Copy parameters").is_visible()
