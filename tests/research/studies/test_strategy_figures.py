"""The figures of lesson 7 show what they say, and every strategy has its sentence."""

import numpy as np
import pandas as pd
import pytest

from carekit.data.batches import BoxedImages
from carekit.research.figures import plots
from carekit.research.studies import strategy_figures
from carekit.research.studies.in_words import IN_WORDS, table_of_words
from carekit.strategies import STRATEGIES, CutMix, Strategy


def test_every_strategy_has_a_sentence_in_the_order_of_the_table():
    assert list(IN_WORDS) == list(STRATEGIES)
    assert all(words.how.endswith(".") and 30 < len(words.how) < 110 for words in IN_WORDS.values())
    table = table_of_words()
    assert list(table.index[table["trains on"] == "images"]) == ["augmentation", "mixup", "cutmix"]


def test_bars_are_the_means_alone_beside_with_care_and_dots_the_seeds():
    rows = [("a", 0, 0.2, 0.9), ("a", 1, 0.4, 0.9), ("a + CARE", 0, 0.6, 0.8), ("a + CARE", 1, 0.8, 0.8)]
    scores = pd.DataFrame(rows, columns=["arm", "seed", "recall_df", "recall_nv"])
    panel = strategy_figures.recall_by_class(scores, ["a"], ["df", "nv"]).axes[0]
    heights = [[bar.get_height() for bar in bars] for bars in panel.containers]
    np.testing.assert_allclose(heights, [[0.3, 0.9], [0.7, 0.8]])
    assert sorted(value for line in panel.lines for value in line.get_ydata()) == [
        0.2,
        0.4,
        0.6,
        0.8,
        0.8,
        0.8,
        0.9,
        0.9,
    ]


def test_focal_curves_are_the_loss():
    lines = strategy_figures.focal_curves([0, 2]).axes[0].lines
    p = lines[0].get_xdata()
    np.testing.assert_allclose(lines[0].get_ydata(), -np.log(p))
    np.testing.assert_allclose(lines[1].get_ydata(), -np.log(p) * (1 - p) ** 2)


def test_gains_are_drawn_with_their_intervals():
    gained = pd.DataFrame({("mca", "mean"): [0.1, -0.2], ("mca", "±"): [0.05, np.nan]}, index=["a", "b"])
    panel = strategy_figures.gains(gained, ["mca"]).axes[0]
    (points, _, (bars,)) = panel.containers[0]
    assert points.get_xdata().tolist() == [0.1, -0.2]
    np.testing.assert_allclose([segment[:, 0] for segment in bars.get_segments()], [[0.05, 0.15], [-0.2, -0.2]])


def test_bars_of_the_ink_test_are_its_counts():
    counts = pd.Series({"a": 7, "a + CARE": 1, "b": 3, "b + CARE": 0})
    panel = strategy_figures.turned_by_ink(counts, ["b", "a"], 60).axes[0]
    assert [[bar.get_width() for bar in bars] for bars in panel.containers] == [[3, 7], [0, 1]]
    assert "of 60 images" in panel.get_xlabel()


@pytest.mark.parametrize("strategy", [Strategy(), CutMix()])
def test_a_mixed_image_is_shown_with_what_is_left_of_its_box(strategy, tiny):
    batch = strategy_figures.of_each_class(tiny, ["rare"])
    (row,) = [i for i in range(4) if len(tiny.boxes_of(i))]
    assert (batch.images == BoxedImages(tiny).__getitems__([row]).images).all() and batch.has_box.all()
    pair = BoxedImages(tiny).__getitems__([0, 3])
    figure, axes = plots.grid(2)
    strategy_figures.draw_mixed(list(axes[0]), pair, strategy, tiny.classes, seed=1)
    titles = [panel.get_title() for panel in axes[0]]
    assert titles[0].endswith("no box is left") and titles[1].startswith("rare" if strategy == Strategy() else "")
    assert ("%" in titles[1]) == (strategy == CutMix())
