"""Names of classes from a set that somebody made: drawn, and shown in tables, as they are."""

import subprocess
import sys

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

from carekit.research.figures import plots, show

NAMES = ["$x^$", "a_b$c$", "$\\frac{", "{0.x}", "<!--<script>", "cost $5 and $10^", "\\alpha", "%s %d"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("log", [False, True])
def test_a_figure_draws_any_name_as_it_is(name, log):
    figure = plots.bars({name: {name: 3.0, "other": 2000.0}}, name, log=log)
    figure.axes[0].set_title(name)
    figure.canvas.draw()
    texts = [text for text in figure.findobj(Text) if text.get_text() == name]
    assert len(texts) >= 3 and not any(text.get_parse_math() for text in texts)
    assert not any("mathdefault" in text.get_text() for text in figure.findobj(Text))
    plt.close(figure)


def test_an_image_is_drawn_with_any_name_and_the_formulas_of_others_stay():
    figure, axes = plots.grid(3)
    picture, map_ = np.zeros((8, 8, 3), np.uint8), np.zeros((2, 2))
    plots.draw_image(axes[0, 0], picture, title="$x^$")
    plots.draw_attention(axes[0, 1], picture, map_, title="$x^$")
    plots.draw_score(axes[0, 2], picture, map_, title="$x^$")
    figure.canvas.draw()
    plt.close(figure)
    own = plt.figure().suptitle(r"$\tau$")
    assert plt.rcParams["text.parse_math"] and own.get_parse_math()
    plt.close()


def test_importing_the_figures_leaves_matplotlibs_settings_alone():
    lines = [
        "import matplotlib",
        "before = dict(matplotlib.rcParams)",
        "from carekit.research.figures import plots, sheet, show",
        "from carekit.research.studies import figures",
        "assert dict(matplotlib.rcParams) == before",
    ]
    subprocess.run([sys.executable, "-c", "; ".join(lines)], check=True)


def test_a_table_shows_markup_as_letters(monkeypatch):
    shown = []
    monkeypatch.setattr(show, "display", shown.append)
    name = "<svg onload=alert(1)>"
    show.table(pd.DataFrame({"images": [1, 2], name: ["<b>", 1]}, index=[name, "nv"]))
    page = shown[0].to_html()
    assert "<svg" not in page and "<b>" not in page and "&lt;svg onload" in page
