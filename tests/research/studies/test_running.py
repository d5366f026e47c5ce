"""A study from the command line to its results: small, whole, and shared between studies."""

import json

import pandas as pd
import pytest

from carekit.__main__ import main
from carekit.experiment import sidecar as results
from carekit.research.studies import STUDIES
from carekit.research.studies.arm_spec import ArmSpec
from carekit.research.studies.study import Comparison


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """(folder, printed, models) of two studies that share their runs, on drawn chest films."""
    folder = tmp_path_factory.mktemp("studies")
    study = Comparison(
        name="chest_only",
        where="Table 2",
        about="a part of Table 2",
        kinds=("chest",),
        metrics=("rare_recall",),
        rows={"baseline": ArmSpec(), "CARE": ArmSpec(care=True)},
        pairs={"CARE": "baseline"},
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CAREKIT_RUNS", str(folder / "runs"))
        patch.setitem(STUDIES, "chest_only", study)
        patch.setitem(STUDIES, "again", Comparison(**{**vars(study), "name": "again"}))
        patch.setattr("carekit.research.studies.command_line.NAMES", (*STUDIES,))
        printed = []
        patch.setattr("builtins.print", lambda *words, **_: printed.append(" ".join(map(str, words))))
        out = folder / "results"
        arguments = ["study", "chest_only", "again", "--profile", "fast", "--seeds", "2", "--out", str(out)]
        assert main(arguments) == 0, printed
    models = list((folder / "runs" / "models").glob("*.safetensors"))
    return out, "\n".join(printed), models


def test_there_is_a_row_for_each_arm_seed_and_condition_wrong_boxes_among_them(ran):
    table, about = results.read("chest_only", ran[0])
    arms = {"baseline", "CARE", "CARE, shuffled boxes", "CARE, random boxes"}
    keys = {(condition, arm, seed) for condition in ("no mark", "mark") for arm in arms for seed in (0, 1)}
    assert set(table[["condition", "arm", "seed"]].itertuples(index=False, name=None)) == keys and len(table) == 16
    assert {"rare_recall", "rare_recall_equal", "attended_area", "ink_others_turned", "backbone"} <= set(table)
    assert about["profile"] == "fast" and about["seeds"] == [0, 1] and len(about["data"]) == 2


def test_the_ink_test_stands_beside_each_run(ran):
    table = results.read("chest_only", ran[0]).table
    assert (table.ink_others == 60).all()  # of two other classes, 30 images each
    assert (table.ink_others_turned <= table.ink_others).all()


def test_equal_runs_of_two_studies_are_trained_once(ran):
    first, again = (results.read(name, ran[0]).table for name in ("chest_only", "again"))
    pd.testing.assert_frame_equal(first.drop(columns="study"), again.drop(columns="study"))
    assert len(ran[2]) == 2 * 2 * (1 + 4)  # conditions x seeds x (pretrained and four arms)


def test_each_claim_is_printed_with_its_verdict(ran):
    assert "chest, mark: CARE above baseline in rare_recall" in ran[1]
    assert "2 seeds" in ran[1] and "undecided" in ran[1]


def test_the_list_names_every_study(capsys):
    assert main(["study", "--list"]) == 0
    printed = capsys.readouterr().out
    assert all(name in printed for name in (*STUDIES, "ham10000"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["tabel5"], "study = 'tabel5' is unknown: did you mean 'table5'"),
        (["table5", "--profile", "huge"], "profile = 'huge' is out of range"),
        (["table5", "--seeds", "0"], "seeds = 0 is out of range"),
        (["table5", "--data", "no/such/folder"], "is not a prepared data set"),
        (["ham10000"], "study ham10000 needs --data FOLDER"),
        (["table5", "--mark", "blood"], "mark = 'blood' is out of range"),
    ],
)
def test_bad_commands_are_one_sentence_and_exit_2(arguments, words, capsys, tmp_path):
    assert main(["study", *arguments, "--out", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert words in error and "Traceback" not in error and error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_data_set_of_ones_own_takes_the_place_of_the_drawn_ones(tiny, tmp_path, capsys):
    from dataclasses import replace

    names = ["nv", "df"]  # stands for skin
    own = replace(tiny, facts=tiny.facts | {"name": "mine", "classes": names, "class_names": names, "rare": ["df"]})
    own.resized(32).save(tmp_path / "mine")
    arguments = ["study", "fig1", "--data", str(tmp_path / "mine"), "--profile", "fast", "--out", str(tmp_path / "out")]
    assert main(arguments) == 0
    table, about = results.read("fig1-mine", tmp_path / "out")
    assert table[table.arm == "train"].images_df.tolist() == [6] and table.condition.tolist() == ["no mark"] * 2
    assert json.loads((tmp_path / "out" / "fig1-mine.json").read_text())["data"][0]["name"] == about["data"][0]["name"]
