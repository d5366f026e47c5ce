import pandas as pd

from carekit.lessons.wording import differences


def test_a_difference_is_up_down_or_not_to_be_told_from_chance():
    table = pd.DataFrame({"difference": [0.2, -0.2, 0.1, 0.1], "±": [0.1, 0.1, 0.2, float("nan")]}, index=list("abcd"))
    a, b, c, d = differences(table).splitlines()
    assert a.endswith("+0.200 ± 0.100, up.") and b.endswith("-0.200 ± 0.100, down.")
    assert c.endswith("not to be told from chance.") and "single run" in d
