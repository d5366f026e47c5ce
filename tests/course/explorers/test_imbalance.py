import numpy as np
import pytest

from carekit.course.explorers import frame
from carekit.course.explorers.captions import fill
from carekit.course.explorers.imbalance import CAPTION, explore_imbalance, imbalance
from carekit.method import metrics
from carekit.strategies import class_weights

PAPER = {"nv": 6705, "mel": 1113, "bkl": 1099, "bcc": 514, "akiec": 327, "vasc": 142, "df": 115}


@pytest.mark.parametrize("ratio", [1, 8, 100])
def test_the_scores_are_those_of_the_metrics_on_as_many_labels(displayed, page, settle, ratio):
    names = list("abcd")
    explore_imbalance(dict(zip(names, (9, 8, 7, 6), strict=True)))
    found = settle(page(), counts="ratio", ratio=ratio)
    labels = np.repeat(np.arange(4), [round(1000 * size) for size in found["sizes"]])
    always = np.zeros_like(labels)
    assert found["accuracy"] == pytest.approx((labels == always).mean(), abs=1e-5)
    assert found["mca"] == np.nanmean(metrics.recalls(labels, always, 4))


def test_sizes_fall_by_one_factor_and_weights_balance_them(displayed, page, settle):
    by_name = imbalance(58, list(PAPER))
    assert list(by_name) == list(PAPER)
    sizes = np.array(list(by_name.values()))
    assert sizes[0] == 1000 and sizes[0] / sizes[-1] == pytest.approx(58)
    assert np.allclose(sizes[1:] / sizes[:-1], 58 ** (-1 / 6))
    explore_imbalance(PAPER)
    found = settle(page(), counts="ratio", ratio=58)
    assert found["sizes"] == pytest.approx(list(sizes))
    assert np.allclose(sizes * found["weights"], sizes.sum() / 7)


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


def test_it_starts_at_the_counts_themselves_with_a_still_picture_and_its_words(displayed):
    explore_imbalance(dict(reversed(PAPER.items())))
    (bundle,) = displayed
    assert bundle[frame.MIME]["defaults"] | {"recalls": 0} == {
        "counts": "given", "classifier": "largest", "ratio": 58, "log": False, "recalls": 0
    }  # fmt: skip
    assert bundle["text/plain"].startswith(
        "The paper's skin data, 58 to 1: always naming nv has accuracy 0.669 and MCA 0.143"
    )
    assert bundle["image/png"]
    explore_imbalance(PAPER, ratio=10)
    assert displayed[1]["text/plain"].startswith("Ratio 10: always naming nv has accuracy 0.3")


@pytest.mark.parametrize("recalls", [[1, 0, 0], [0.25, 0.5, 1.0], [0, 0, 0]])
def test_accuracy_and_mca_are_those_of_labels_with_these_recalls(displayed, page, settle, recalls):
    sizes = [400, 200, 20]
    labels = np.repeat(np.arange(3), sizes)
    predicted = labels.copy()
    for label, (size, recall) in enumerate(zip(sizes, recalls, strict=True)):
        of_class = np.flatnonzero(labels == label)
        predicted[of_class[round(size * recall) :]] = (label + 1) % 3
    explore_imbalance(dict(zip("abc", sizes, strict=True)))
    found = settle(page(), classifier="hand", recalls=recalls)
    assert found["accuracy"] == pytest.approx((labels == predicted).mean())
    assert found["mca"] == pytest.approx(np.nanmean(metrics.recalls(labels, predicted, 3)))


@pytest.mark.parametrize("names", [list(PAPER), ["large", "small"], [f"class {i}" for i in range(15)]])
def test_the_browser_has_the_recalls_and_the_sentence_of_each_classifier(displayed, page, settle, names):
    counts = {name: 1000 - 37 * i for i, name in enumerate(names)}
    trained = {name: 1 / (2 + i) for i, name in enumerate(names)}
    explore_imbalance(counts, recalls={"trained": trained})
    tab, n = page(), len(names)
    times = round(max(counts.values()) / min(counts.values()))
    forgetting = f"finding 90 % of each class, but never {names[-1]},"
    cases = (
        ("Ratio 1", 1, False, "largest", f"always naming {names[0]}", [1.0] + [0.0] * (n - 1)),
        (f"These data, {times} to 1", 1, True, "known trained", "trained", list(trained.values())),
        ("Ratio 58", 58, False, "forgets", forgetting, [0.9] * (n - 1) + [0.0]),
        (f"These data, {times} to 1", 58, False, "hand", "a classifier with these recalls", [0.75] * n),
    )
    for about, ratio, log, classifier, who, recalls in cases:
        counts_of = "ratio" if about.startswith("Ratio") else "given"
        values = {"ratio": ratio, "counts": counts_of, "log": log, "classifier": classifier, "recalls": [0.75] * n}
        shown = settle(tab, **values)
        sizes = imbalance(ratio, names) if counts_of == "ratio" else counts
        assert shown["sizes"] == pytest.approx(list(sizes.values()), abs=1e-5)
        assert shown["weights"] == pytest.approx(class_weights(list(sizes.values())).tolist(), abs=1e-5)
        assert shown["recalls"] == pytest.approx(recalls)
        assert shown["accuracy"] == pytest.approx(np.average(recalls, weights=list(sizes.values())), abs=1e-5)
        assert shown["mca"] == pytest.approx(np.mean(recalls), abs=1e-5)
        assert tab.inner_text(".ck-words").startswith(f"{about}: {who} has accuracy {shown['accuracy']:.3f} and MCA ")
    settle(tab, counts="chest", classifier="largest")
    assert tab.inner_text(".ck-words").startswith(
        "The paper's chest data, 84 to 1: always naming normal has accuracy 0.591"
    )


def test_the_whole_sentence():
    values = {"ratio": 10, "accuracy": 0.5, "mca": 0.25, "largest": "nv", "smallest": "df", "low": 0.5, "high": 4.0}
    end = " has accuracy 0.500 and MCA 0.250; the weights go from 0.50 for nv to 4.00 for df."
    assert fill(CAPTION, values) == f"Ratio 10: always naming nv{end}"
    given = values | {"ratio": None, "title": "These data", "times": 3, "who": "mine"}
    assert fill(CAPTION, given) == f"These data, 3 to 1: mine{end}"


def test_a_classifier_without_a_recall_of_each_class_is_refused(displayed):
    with pytest.raises(ValueError, match="mine has no recall of df: give one of each class"):
        explore_imbalance(PAPER, recalls={"mine": {name: 0.5 for name in PAPER if name != "df"}})


def test_the_bars_are_as_high_as_their_numbers(displayed, page, settle):
    explore_imbalance(PAPER)
    tab = page()
    heights = """[...document.querySelectorAll("svg")].slice(0, 2).map(
        (svg) => [...svg.querySelectorAll("rect")].map((bar) => +bar.getAttribute("height")))"""
    for log in (False, True):
        settle(tab, counts="ratio", ratio=30, log=log)
        sizes = list(imbalance(30, list(PAPER)).values())
        for drawn, given in zip(tab.evaluate(heights), (sizes, class_weights(sizes).tolist()), strict=True):
            values = np.array(given)
            values = np.abs(np.log(values)) if log else values
            assert np.allclose(np.divide(drawn, drawn[0]), values / values[0], atol=1e-3)


def test_the_keyboard_alone_moves_the_ratio_and_a_recall(displayed, page):
    explore_imbalance(PAPER)
    tab = page()
    tab.get_by_label("Ratio", exact=True).focus()
    tab.keyboard.press("ArrowRight")
    tab.wait_for_function("document.querySelector('.ck-words').textContent.startsWith('Ratio 59')")
    assert tab.get_by_label("Classes", exact=True).input_value() == "ratio"
    tab.get_by_label("recall df", exact=True).focus()
    tab.keyboard.press("End")
    tab.wait_for_function("document.querySelector('.ck-scores').textContent.includes('MCA 0.286')")
    assert tab.get_by_label("Classifier", exact=True).input_value() == "hand"
    tab.get_by_role("button", name="The paper's skin data").click()
    tab.wait_for_function("document.querySelector('.ck-scores').textContent.startsWith('accuracy 0.669')")


def test_presets_and_a_guess_of_the_accuracy(displayed, page):
    explore_imbalance(PAPER)
    tab = page()
    tab.get_by_label("Predict first").check()
    tab.get_by_role("button", name="Balanced").click()
    tab.locator(".ck-scores").wait_for(state="hidden")
    assert tab.locator("svg").first.is_visible()  # what one guesses from
    for bad in ("", "-0.1", "101"):
        tab.get_by_label("Your guess of the accuracy").fill(bad)
        tab.get_by_role("button", name="Look").click()
        assert tab.get_by_text("Choose a number from 0 to 1.").is_visible() and tab.locator(".ck-scores").is_hidden()
    tab.get_by_label("Your guess of the accuracy").fill("50")  # in per cent
    tab.get_by_role("button", name="Look").click()
    told = "You guessed 0.500; it is 0.143"
    tab.wait_for_function("told => document.querySelector('.ck-words').textContent.startsWith(told)", arg=told)


def test_there_are_no_parameters_to_copy_since_no_lesson_has_such(displayed, page):
    explore_imbalance(PAPER)
    assert not page().get_by_role("button", name="Copy parameters").is_visible()
