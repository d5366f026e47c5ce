"""Figures show the numbers that they are given."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from carekit.research.figures import plots


def test_differences_are_drawn_with_their_intervals():
    gained = pd.DataFrame({("mca", "mean"): [0.1, -0.2], ("mca", "±"): [0.05, np.nan]}, index=["a", "b"])
    panel = plots.differences(gained, ["mca"]).axes[0]
    (points, _, (bars,)) = panel.containers[0]
    assert points.get_xdata().tolist() == [0.1, -0.2]
    np.testing.assert_allclose([segment[:, 0] for segment in bars.get_segments()], [[0.05, 0.15], [-0.2, -0.2]])
    assert [label.get_text() for label in panel.get_yticklabels()] == ["a", "b"]
    plt.close("all")
