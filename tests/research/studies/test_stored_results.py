"""What is read back from results: verdicts counted, wrong boxes compared, ours beside the paper's."""

import itertools

import pandas as pd
import pytest

from carekit.experiment import sidecar as results
from carekit.paper import TABLES
from carekit.research.figures import show
from carekit.research.studies import headline, stored_results, verdicts, wrong_boxes


@pytest.fixture
def table():
    """Three seeds, two conditions: where the mark misleads, true boxes gain .3, shuffled ones .29, random ones none."""
    gains = {"baseline": 0.0, "CARE": 0.3, "CARE, shuffled boxes": 0.29, "CARE, random boxes": 0.0}
    noise = {"baseline": (0, 0, 0), "CARE": (1, -1, 2), "CARE, shuffled boxes": (-3, 2, 4)}
    rows = []
    for condition, arm, seed in itertools.product(("no mark", "mark"), gains, range(3)):
        value = 0.2 + seed / 10 + noise.get(arm, (2, -2, 1))[seed] / 100
        value += gains[arm] if condition == "mark" else 0
        about = {"study": "table2", "data": "skin", "set": "synthetic-skin", "condition": condition}
        metrics = dict.fromkeys(("rare_recall", "rare_recall_equal", "mca", "auc", "attention_inside"), value)
        rows.append(about | {"arm": arm, "seed": seed} | metrics)
    return pd.DataFrame(rows)


@pytest.fixture
def folder(table, tiny, tmp_path):
    about = {"data": [tiny], "seconds": 1, "command": "a command", "out": tmp_path}
    results.write("table2", table, **about)
    results.write("fig8", table, **about)
    real = [
        {"set": "ham10000", "condition": "no mark", "arm": arm, "control": "baseline", "metric": metric,
         "difference": 0.05, "low": -0.01, "high": 0.11}
        for arm, metric in headline.SHOWN
    ]  # fmt: skip
    results.write("ham10000_differences", pd.DataFrame(real), **about)
    return tmp_path


def test_verdicts_of_all_kept_studies_are_counted(folder, capsys):
    found = stored_results.stored(folder)
    assert list(found) == ["table2", "fig8"]
    assert stored_results.are_stored(found, "fig8") and not stored_results.are_stored(found, "fig8", "table3")
    assert "`python -m carekit study table3` makes them" in capsys.readouterr().out
    found.pop("fig8")
    judged = verdicts.all_verdicts(found)
    care = judged[(judged.arm == "CARE") & (judged.metric == "mca")].set_index("condition").verdict
    assert care["mark"] == "holds" and care["no mark"] == "undecided"
    counts = verdicts.counted(judged)
    assert counts.loc["Table 2", ("mark", "holds")] == 3 and counts.to_numpy().sum() == len(judged)
    show.table(counts)
    assert len(verdicts.all_verdicts({})) == 0


def test_the_headline_has_a_line_of_the_chosen_setting(folder, tiny):
    about = {
        "set": "ham10000",
        "condition": "no mark",
        "setting": "τ = 0.3",
        "difference": 0.02,
        "low": 0.01,
        "high": 0.03,
    }
    names = {"CARE": "control", "shuffled boxes": "control", "random boxes": "CARE"}
    rows = [about | {"arm": arm, "control": other, "metric": "rare_recall_equal"} for arm, other in names.items()]
    results.write("ham10000_chosen", pd.DataFrame(rows), data=[tiny], seconds=1, out=folder)
    cells = headline.headline(folder).splitlines()[-1].split(" | ")
    assert cells[0].endswith("test lesions, with what gained most on the others: τ = 0.3")
    gain = "**+2** (+1 to +3)"
    # Random boxes were compared with CARE, not with the control.
    assert cells[1:] == ["–", gain, gain, "–", "–", "–", "– |"]


def test_how_they_were_made_is_a_row_a_study(folder):
    found = {
        "table2": stored_results.stored(folder)["table2"]._replace(
            about={"where": "Table 2", "about": "strategies", "seeds": [0, 1, 2], "seconds": 90, "rows": 24}
        )
    }
    row = stored_results.how_made(found).loc["table2"]
    assert (row["where"], row["seeds"], row["minutes"], row["rows"]) == ("Table 2", 3, 1.5, 24)


def test_gains_on_real_photographs_have_verdicts_and_may_be_absent(folder, tmp_path, capsys):
    gains = stored_results.real_gains(folder)
    assert set(gains.verdict) == {"undecided"} and set(gains.metric) <= set(stored_results.REAL)
    assert len(stored_results.real_gains(tmp_path / "empty")) == 0
    assert "There are no results of ham10000" in capsys.readouterr().out
    assert headline.headline(tmp_path / "empty").count("\n") == 1  # the head alone


def test_settings_stand_with_the_best_first_and_the_chosen_one_has_verdicts(tmp_path):
    metrics = dict.fromkeys(("rare_auc", "rare_recall", "rare_recall_equal", "mca", "attention_inside"), 0.5)
    gains = {"worse": (0.0, 0.1), "best": (0.1, 0.3), "worst": (-0.2, 0.1)}
    rows = [
        {"arm": arm, "seed": i, "gain": gain} | metrics for arm, each in gains.items() for i, gain in enumerate(each)
    ]
    results.write("ham10000_settings", pd.DataFrame(rows), data=[], seconds=1, out=tmp_path)
    found = {"arm": "CARE", "control": "control", "metric": "rare_auc", "difference": 0.2, "low": 0.1, "high": 0.3}
    results.write("ham10000_chosen", pd.DataFrame([found]), data=[], seconds=1, out=tmp_path)
    tried = stored_results.settings_tried(tmp_path)
    assert list(tried.index) == ["best", "worse", "worst"] and tried.gain.round(6).tolist() == [0.2, 0.05, -0.05]
    assert stored_results.chosen_gains(tmp_path).verdict.tolist() == ["holds"]
    assert len(stored_results.settings_tried(tmp_path / "empty")) == 0


def test_wrong_boxes_are_told_from_true_ones_where_they_can_be(table):
    wrong = wrong_boxes.wrong_boxes(table, {"CARE": "baseline"}, ["rare_recall"]).set_index(["condition", "boxes"])
    assert len(wrong) == 4
    shuffled, random = (wrong.loc["mark", kind] for kind in ("shuffled", "random"))
    assert shuffled.difference == pytest.approx(shuffled.gain - shuffled.gain_wrong)
    assert random.gain_wrong < 0.02
    told = wrong_boxes.compared(wrong.reset_index())
    assert list(told.index) == [("rare_recall", f"skin, {condition}") for condition in ("no mark", "mark")]
    assert told.index.nlevels == told.columns.nlevels == 2  # so that equal names stand once
    show.table(told)
    marked = told.iloc[1]
    assert marked["true", "gain"] == shuffled.gain and marked["random", "gain"] == random.gain_wrong
    assert marked["shuffled", "the true gain is"] == "not told apart" and "±" in marked["random", "true − these"]
    assert marked["random", "the true gain is"] == "larger"


def test_wrong_boxes_that_help_more_and_single_runs_are_told_too(table):
    wrong = wrong_boxes.wrong_boxes(table, {"CARE": "baseline"}, ["rare_recall"])
    swapped = wrong.assign(difference=-wrong.difference)
    assert wrong_boxes.compared(swapped).iloc[1]["random", "the true gain is"] == "smaller"
    assert "random ones, " in wrong_boxes.in_words(swapped) and "1 times smaller" in wrong_boxes.in_words(swapped)
    single = wrong_boxes.wrong_boxes(table[table.seed == 0], {"CARE": "baseline"}, ["mca"])
    assert "from a single run" in wrong_boxes.in_words(single)
    assert "±" not in wrong_boxes.compared(single).iloc[0]["random", "true − these"]
    assert wrong_boxes.compared(single.iloc[:0]).empty


def test_ours_stand_beside_the_papers_figures(table):
    shown = stored_results.next_to_paper(table, 2, "skin")
    column = ("recall of the rare class", "paper")
    assert shown.loc["CARE", column] == "73.9" and shown.loc["CARE, random boxes", column] == "–"
    assert shown.loc["CARE", ("recall of the rare class", "mark")].startswith("60.7 ± ")
    assert set(TABLES[2].rows) <= set(shown.index) and shown.loc["FL", ("recall of the rare class", "mark")] == "–"


def test_the_headline_is_a_table_of_gains_with_intervals(folder):
    lines = headline.headline(folder).splitlines()
    assert [line.split(" | ")[0] for line in lines[2:]] == [
        "| one drawn skin set, no mark",
        "| one drawn skin set, mark",
        "| HAM10000, real photographs, no mark",
    ]
    cells = lines[3].split(" | ")[1:]
    assert cells[0].startswith("**+31** (+") and cells[3].startswith("0 (")
    assert lines[4].split(" | ")[1] == "+5 (-1 to +11)"


def test_the_headline_goes_between_its_marks_and_nowhere_else():
    text = f"before\n{headline.BEGIN}\nold\n{headline.END}\nafter\n"
    assert headline.written_into(text, "new") == f"before\n{headline.BEGIN}\nnew\n{headline.END}\nafter\n"
    with pytest.raises(ValueError, match="the marks .* are missing"):
        headline.written_into("no marks", "new")
