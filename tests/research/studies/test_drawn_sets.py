import numpy as np
import pandas as pd
import pytest
from scipy import stats

from carekit.experiment import sidecar
from carekit.research.studies import drawn_sets, headline
from carekit.research.studies.drawn_sets import CLAIMS, CONTROL, DESCRIBED, FEWEST, TRUE, WRONG, gains


def runs(gain, sets=FEWEST, conditions=("no mark", "mark"), noise=0.01):
    """Runs of `sets` drawn sets in which the true boxes gain so much over everything else."""
    rng = np.random.default_rng(0)
    rows = []
    for condition in conditions:
        for number in range(sets):
            for arm in (CONTROL, TRUE, *WRONG):
                values = 0.4 + gain * (arm == TRUE) + noise * rng.standard_normal(len(DESCRIBED))
                rows.append(
                    {"condition": condition, "set": number, "arm": arm} | dict(zip(DESCRIBED, values, strict=True))
                )
    return pd.DataFrame(rows)


def test_intervals_are_students_over_the_sets_paired_differences():
    table = runs(0.1)
    row = (
        gains(table).query("condition == 'mark' and arm == 'CARE' and against == 'control' and metric == 'mca'").iloc[0]
    )
    wide = table[table.condition == "mark"].pivot(index="set", columns="arm", values="mca")
    expected = stats.ttest_rel(wide[TRUE], wide[CONTROL])
    low, high = expected.confidence_interval(0.95)
    np.testing.assert_allclose([row.low, row.high, row.p], [low, high, expected.pvalue])
    assert row.sets == FEWEST and row.verdict == "described" and np.isnan(row.p_holm)  # it is described, not claimed


def test_the_p_values_of_the_claims_are_corrected_as_one_family():
    table = gains(runs(0.004))
    claims = table[table.verdict != "described"]
    assert len(claims) == 2 * len(CLAIMS)
    # Holm by hand: the k-th smallest of n is multiplied by n - k + 1, and never falls.
    ordered = np.sort(claims.p)
    expected = np.maximum.accumulate(ordered * np.arange(len(ordered), 0, -1)).clip(max=1)
    np.testing.assert_allclose(np.sort(claims.p_holm), expected)


def test_a_gain_is_higher_no_gain_is_within_the_margin_and_a_wide_one_is_undecided():
    def verdict(gain, noise):
        table = gains(runs(gain, noise=noise))
        of_care = (table.arm == TRUE) & (table.against == CONTROL) & (table.metric == "rare_recall_equal")
        return set(table[of_care & (table.verdict != "described")].verdict)

    assert verdict(0.1, 0.01) == {"higher"} and verdict(-0.1, 0.01) == {"lower"}
    assert verdict(0.0, 0.005) == {"within the margin"} and verdict(0.01, 0.1) == {"undecided"}


def test_with_fewer_sets_than_a_verdict_needs_there_is_none():
    verdicts = set(gains(runs(0.1, sets=4)).verdict) - {"described"}
    assert verdicts == {f"undecided: 4 sets, of {FEWEST} that a verdict needs"}


def test_differences_that_are_all_equal_are_certain():
    table = gains(runs(0.0, noise=0.0))
    assert set(table.verdict) - {"described"} == {"within the margin"} and (table.p.dropna() == 1).all()


def test_three_sets_are_drawn_trained_and_written(tmp_path, monkeypatch):
    monkeypatch.setenv("CAREKIT_RUNS", str(tmp_path / "runs"))
    monkeypatch.setattr(drawn_sets, "SHORTCUT", {"mark": 0.95})
    paths = drawn_sets.run_drawn_sets({"profile": "fast"}, sets=3, out=tmp_path)
    assert [path.name for path in paths] == ["drawn_sets.csv", "drawn_sets_gains.csv"]
    table = pd.read_csv(paths[0])
    assert len(table) == 3 * 5 and set(table["set"]) == {101, 102, 103}
    assert table.groupby("set").rare_auc.nunique().min() > 1  # other images, other numbers
    assert "undecided: 3 sets" in drawn_sets.in_words(pd.read_csv(paths[1]))


def test_the_headline_has_a_line_a_condition_over_the_sets(tmp_path, tiny):
    table = gains(runs(0.1, noise=0.001))
    sidecar.write("drawn_sets_gains", table, data=[tiny], seconds=1, command="a command", out=tmp_path)
    lines = headline.headline(tmp_path, short=True).splitlines()[2:]
    assert [line.split(" | ")[0] for line in lines] == [
        f"| drawn skin, {FEWEST} sets, {c}" for c in ("no mark", "mark")
    ]
    assert lines[0].split(" | ")[1].startswith("**+10** (+10 to +10)")  # true boxes; the wrong ones gain nothing
    assert lines[0].split(" | ")[4].startswith("0 (")


def test_two_sets_give_no_interval():
    with pytest.raises(ValueError, match="^2 sets give no interval over sets: choose 3 or more, 12 for a verdict$"):
        drawn_sets.run_drawn_sets({}, sets=2)
