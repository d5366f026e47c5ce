"""A report of one page: all of it in one file, nothing of it as code."""

import re

import matplotlib.pyplot as plt
import pandas as pd

from carekit.research.figures.one_page import write_page


def test_a_page_holds_texts_tables_and_figures_with_words(tmp_path):
    table = pd.DataFrame({("rare_recall", "mean"): [0.25], ("rare_recall", "±"): [0.1]}, index=["CARE"])
    figure, _ = plt.subplots()
    page = write_page(
        tmp_path / "new" / "page.html", "df & others", {"Data": "12 <b>\nphotos", "Results": table, "A photo": figure}
    )
    text = page.read_text(encoding="utf-8")
    assert "<h1>df &amp; others</h1>" in text and "<p>12 &lt;b&gt;</p><p>photos</p>" in text
    assert "0.250 ± 0.100" in text and "recall of the rare class" in text
    assert re.search(r'<img alt="A photo" src="data:image/png;base64,\w', text) and "http" not in text
    assert [path.name for path in page.parent.iterdir()] == ["page.html"]
