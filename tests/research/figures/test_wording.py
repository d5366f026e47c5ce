import pandas as pd

from carekit.research.figures.wording import differences, found_of, ink, listed, price


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


def test_few_photos_are_told_in_whole_counts_with_the_interval_that_they_allow():
    scores = pd.DataFrame({"arm": ["a"] * 3 + ["b"] * 3, "rare_recall": [0.5, 0.5, 1.0, 0.0, 0.0, 0.0]})
    a, b = found_of(scores, "df", 2).splitlines()
    # Clopper and Pearson's, 1 of 2 and 0 of 2: 1 - .975 ** .5 and its like
    assert a == "a: 1, 1, 2 of 2 df found (each seed); by so few, the share of all may lie between 0.01 and 0.99."
    assert b.startswith("b: 0, 0, 0 of 2 df found") and f"0.00 and {1 - 0.025**0.5:.2f}" in b
    assert listed({"nv": 60, "df": 0.5}) == "nv 60, df 0.5"
