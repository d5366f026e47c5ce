"""Recalls that cannot occur, found by trying all shares; contradictions that the tables show."""

import math

import pytest

from carekit import paper
from carekit.paper import CONTRADICTIONS, IMPOSSIBLE, TABLES


def occurs(printed, images):
    """Whether some k of `images` gives the printed percentage, rounded or cut off."""
    digits = len(str(printed).split(".")[1])
    shares = [100 * k / images for k in range(images + 1)]
    cut = [math.floor(share * 10**digits) / 10**digits for share in shares]
    return printed in cut or printed in [round(share, digits) for share in shares]


def printed_recalls(data):
    names = ("rare_recall", "recall_df" if data == "skin" else "recall_opacity")
    columns = [
        (table, i) for table in TABLES.values() for i, c in enumerate(table.columns) if c in [(data, n) for n in names]
    ]
    return {row[i] for table, i in columns for row in table.rows.values()}


@pytest.mark.parametrize("data, images, in_the_text", [("skin", 23, {89.96}), ("chest", 21, set())])
def test_the_impossible_recalls_are_those_that_no_share_gives(data, images, in_the_text):
    counts = {"skin": paper.SKIN_COUNTS, "chest": paper.CHEST_COUNTS}[data]
    assert round(paper.TEST_SHARE * min(counts.values())) == images
    found = {printed for printed in printed_recalls(data) | in_the_text if not occurs(printed, images)}
    assert found == set(IMPOSSIBLE[data]) and len(found) == len(IMPOSSIBLE[data])


def test_of_21_chest_recalls_one_is_a_multiple_of_1_21():
    recalls = printed_recalls("chest")
    assert len(recalls) == 21 and recalls - set(IMPOSSIBLE["chest"]) == {33.3}


def test_each_contradiction_is_one_sentence_about_tables_that_exist():
    for contradiction in CONTRADICTIONS:
        assert contradiction.text.endswith((".", ").")) and set(contradiction.tables) <= {1, *TABLES}


@pytest.mark.parametrize(
    "number, row, data, metric, printed",
    [
        (2, "CSL + CARE", "skin", "mca", 81.0),
        (6, "tau = 0.5", "skin", "mca", 81.0),
        (5, "alpha = 0.5", "skin", "mca", 80.3),
        (7, "lam = 1.0", "skin", "recall_df", 86.9),
        (10, "CARE on df", "skin", "mca", 81.35),
        (9, "CSL + CARE, DSR", "skin", "rare_recall", 78.3),
        (2, "CSL", "skin", "mca", 77.2),
        (4, "ResNet50", "skin", "mca", 77.7),
        (7, "CSL", "skin", "mca", 75.9),
        (2, "FL", "skin", "mca", 71.5),
        (9, "FL", "skin", "mca", 72.0),
        (5, "alpha = 0.1", "skin", "rare_recall", 55.2),
    ],
)
def test_the_figures_that_contradictions_quote_are_in_the_tables(number, row, data, metric, printed):
    assert round(100 * TABLES[number].value(row, data, metric), 2) == printed
    assert any(
        str(printed) in contradiction.text and number in contradiction.tables for contradiction in CONTRADICTIONS
    )
