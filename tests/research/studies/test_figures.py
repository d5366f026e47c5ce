"""Figures show the numbers they are given, say them in words, and tell conditions apart without colour."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from carekit.experiment.evaluation import Predictions
from carekit.research.studies import figures


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


@pytest.fixture
def runs():
    rng = np.random.default_rng(0)
    rows = [
        {
            "arm": arm,
            "seed": seed,
            "epoch": epoch,
            "recall_a": rng.random(),
            "recall_b": rng.random(),
            "mca": epoch / 10,
        }
        for arm in ("baseline", "CARE")
        for seed in range(3)
        for epoch in (1, 2)
    ]
    return pd.DataFrame(rows)


def test_bars_are_means_with_intervals(runs):
    table = runs[runs.epoch == 2]
    figure, alt = figures.class_bars(table, ["a", "b"], ["baseline", "CARE"])
    heights = sorted(patch.get_height() for patch in figure.axes[0].patches)
    expected = table.groupby("arm")[["recall_a", "recall_b"]].mean()
    assert heights == pytest.approx(sorted(expected.to_numpy().flatten()))
    assert len(figure.axes[0].collections) == 2  # the whiskers of each arm
    assert f"CARE: a {expected.loc['CARE', 'recall_a']:.2f}" in alt


def test_curves_have_a_line_a_seed_and_their_mean(runs):
    figure, alt = figures.curves(runs, ["mca"], ["baseline", "CARE"])
    assert len(figure.axes[0].lines) == 2 * (3 + 1)
    assert "CARE: 0.10 to 0.20" in alt


@pytest.fixture
def verdicts():
    rows = [
        {"arm": "CARE", "control": "baseline", "metric": "mca", "condition": condition, "difference": difference,
         "low": difference - 0.1, "high": difference + 0.1, "printed": printed}
        for condition, difference, printed in (("no mark", 0.0, 0.041), ("mark", 0.2, None))
    ]  # fmt: skip
    return pd.DataFrame(rows)


def test_a_forest_has_ours_with_intervals_and_the_papers(verdicts):
    figure, alt = figures.forest(verdicts, "Table 2")
    axes = figure.axes[0]
    points = [(line.get_marker(), *np.ravel(line.get_xdata())) for line in axes.lines if len(line.get_xdata()) == 1]
    assert ("o", 0.0) in points and ("s", 0.2) in points and ("x", 0.041) in points
    assert [label.get_text() for label in axes.get_yticklabels()] == ["CARE − baseline"]
    assert axes.get_title() == "MCA" and "mark: +0.20 from +0.10 to +0.30" in alt
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["no mark", "mark", "the paper"]


def test_a_forest_has_a_panel_for_each_metric(verdicts):
    more = verdicts.assign(metric="rare_auc", printed=None, difference=[0.05, 0.15])
    third = verdicts.assign(metric="rare_recall", printed=None, arm="CSL")
    figure, _ = figures.forest(pd.concat([verdicts.assign(printed=None), more, third]))
    first, second, last, spare = figure.axes
    assert [panel.get_title() for panel in (first, second)] == ["MCA", "AUC of the rare class"]
    shown = [line for line in second.lines if line.get_marker() in ("o", "s")]
    assert [line.get_xdata()[0] for line in shown] == [0.05, 0.15]
    assert {round(line.get_ydata()[0]) for line in last.lines if line.get_marker() in ("o", "s")} == {1}  # below CARE
    assert not spare.axison and len(figure.legends[0].get_texts()) == 2  # the paper has none of these


def test_a_heat_map_shows_means_and_names_the_highest():
    rows = [
        {"alpha": alpha, "tau": tau, "seed": seed, "mca": alpha * tau + seed / 100}
        for alpha in (0.1, 0.5)
        for tau in (0.2, 0.7)
        for seed in (-1, 1)
    ]
    figure, alt = figures.heat_map(pd.DataFrame(rows), "alpha", "tau", "mca")
    assert figure.axes[0].images[0].get_array().tolist() == pytest.approx(np.array([[0.02, 0.07], [0.1, 0.35]]))
    assert "highest at alpha = 0.5, tau = 0.7" in alt


def test_a_gallery_has_a_row_an_arm(tiny):
    test = tiny.split("test").take([3, 7])
    found = Predictions(np.array([[0.9, 0.1], [0.2, 0.8]]), test.labels, np.zeros((2, 4, 4), np.float32))
    figure, alt = figures.gallery(test, {"baseline": found, "CARE": found})
    assert len(figure.axes) == 6 and "CARE: 1 right" in alt
