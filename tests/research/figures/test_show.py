"""What a figure says to those who cannot see it."""

import matplotlib.pyplot as plt
import numpy as np

from carekit.research.figures import show


def test_numbers_follow_the_words_rounded(monkeypatch):
    shown = []
    monkeypatch.setattr(show, "display", lambda data, **about: shown.append(about["metadata"]["image/png"]["alt"]))
    show.figure(plt.figure(), "Recall by class", {"df": np.float64(0.4444444), "nv": 300, "mel": 1463})
    show.figure(plt.figure(), "Change", {"recall": {"df": -1 / 3}, "precision": {"df": 1.0}})
    show.figure(plt.figure(), "An image")
    assert shown == [
        "Recall by class: df 0.444, nv 300, mel 1463",
        "Change: recall: df -0.333; precision: df 1",
        "An image",
    ]
