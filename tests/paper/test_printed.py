"""Where the paper prints what, and the sizes of its test parts that the printed recalls give away."""

import math

import pytest

from carekit.paper import SKIN_COUNTS, TABLES, TEST_SHARE
from carekit.paper.printed import REPEATED, recalls_of, repeated


def test_each_repeated_setting_names_rows_and_stands_in_two_tables_or_more():
    for places in REPEATED.values():
        assert len({number for number, _ in places}) == len(places) >= 2
        assert all(row in TABLES[number].rows for number, row in places)


def test_what_is_repeated_is_what_the_tables_print():
    assert repeated("CSL", "mca") == {2: 77.2, 4: 77.7, 5: 77.7, 6: 77.7, 7: 75.9, 9: 77.7, 10: 77.69}
    assert repeated("CSL + CARE", "rare_recall", "recall_df") == {2: 65.2, 4: 65.2, 5: 65.2, 6: 65.2, 7: 86.9}
    assert repeated("FL", "auc") == {2: 0.918}  # Table 9 has no AUC


def test_recalls_are_each_value_once_with_its_tables():
    rare = recalls_of("skin", "rare")
    assert list(rare) == sorted(rare) and rare[86.96] == [10] and rare[65.2] == [2, 3, 4, 5, 6]
    assert len(recalls_of("chest", "rare")) == 21 and set(recalls_of("skin", "df")) < set(rare)


def _gives(size, values):
    """Whether each of these percentages is a share of `size` images, rounded or cut off."""
    shares = [100 * k / size for k in range(size + 1)]
    digits = {value: len(str(value).split(".")[1]) for value in values}
    cut = {v: [math.floor(share * 10**d + 1e-9) / 10**d for share in shares] for v, d in digits.items()}
    return all(v in cut[v] or v in [round(share, digits[v]) for share in shares] for v in values)


@pytest.mark.parametrize(("table", "size"), [(3, 223), (7, 223), (10, 222)])
def test_table_10_was_tested_on_other_melanomas_than_tables_3_and_7(table, size):
    """One size near a fifth of all melanomas gives all recalls of a table, and it is not the same in all tables."""
    values = [value for value, tables in recalls_of("skin", "mel").items() if table in tables]
    fifth = TEST_SHARE * SKIN_COUNTS["mel"]
    assert [n for n in range(int(fifth) - 10, int(fifth) + 12) if _gives(n, values)] == [size]
