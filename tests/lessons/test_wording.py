import pandas as pd

from carekit.lessons.wording import differences, ink, price


def test_a_difference_is_up_down_or_not_to_be_told_from_chance():
    table = pd.DataFrame({"difference": [0.2, -0.2, 0.1, 0.1], "±": [0.1, 0.1, 0.2, float("nan")]}, index=list("abcd"))
    a, b, c, d = differences(table).splitlines()
    assert a.endswith("+0.200 ± 0.100, up.") and b.endswith("-0.200 ± 0.100, down.")
    assert c.endswith("not to be told from chance.") and "single run" in d


def test_the_ink_test_is_told_in_whole_counts_of_each_seed():
    table = pd.DataFrame(
        {
            "arm": ["plain", "plain", "CARE", "CARE"],
            "seed": [0, 1, 0, 1],
            "others": [60] * 4,
            "others_turned": [20, 22, 3, 1],
            "others_called_rare": [0, 1, 2, 0],
        }
    )
    head, plain, care = ink(table, "df", "ink").splitlines()
    assert "60 test images of other diseases" in head and "become df" in head
    assert plain == "plain: 20, 22 (called df without the mark: 0, 1)."
    assert care == "CARE: 3, 1 (called df without the mark: 2, 0)."


def test_the_price_of_the_mark_is_in_points():
    assert price(0.6, 0.2, 0.45) == (
        "The mark costs the ordinary network 40 points of recall; CARE gives 25 of them back."
    )
