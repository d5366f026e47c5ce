import numpy as np
import pytest

from carekit.__main__ import main
from carekit.data.box_table import read_table, save_by_hand
from carekit.data.prepared import Prepared
from carekit.material.autobox.methods import FINDERS, Options, finder


@pytest.fixture
def folder(tmp_path, tiny):
    tiny.resized(32).save(tmp_path / "tiny")
    return tmp_path / "tiny"


def overlaps(pairs):
    """Intersection over union, from the corners."""
    sides = [
        (pairs[[f"{c}1", f"{c}1_true"]].min(axis=1) - pairs[[f"{c}0", f"{c}0_true"]].max(axis=1)).clip(lower=0)
        for c in "xy"
    ]
    areas = [(pairs[f"x1{end}"] - pairs[f"x0{end}"]) * (pairs[f"y1{end}"] - pairs[f"y0{end}"]) for end in ("", "_true")]
    both = sides[0] * sides[1]
    return (both / (areas[0] + areas[1] - both)).fillna(0)


def test_boxes_are_made_judged_and_drawn(folder, tmp_path, capsys):
    arguments = ["boxes", str(folder), "--method", "bms", "--workers", "1", "--gallery", str(tmp_path / "g.png")]
    assert main(arguments) == 0
    out = capsys.readouterr().out
    table = read_table(folder / "boxes" / "bms.csv")
    assert len(table) == 8 and set(table.method) == {"bms"}
    line = next(line for line in out.splitlines() if line.startswith("bms"))
    found = table.merge(Prepared.open(folder).boxes, on="image_id", suffixes=("", "_true"))
    assert line.split()[1] == "8" and float(line.split()[2]) == pytest.approx(overlaps(found).median(), abs=1e-3)
    assert "centred box of mean size" in out
    assert (tmp_path / "g.png").stat().st_size > 10_000


def test_truth_is_a_source_like_the_others(folder, capsys):
    assert main(["boxes", str(folder), "--method", "truth"]) == 0
    assert "1.000 1.000" in " ".join(capsys.readouterr().out.split())


def test_the_data_sets_own_boxes_are_never_touched(folder):
    before = (folder / "boxes.csv").read_bytes()
    main(["boxes", str(folder), "--method", "bms", "--classes", "all", "--workers", "1"])
    assert (folder / "boxes.csv").read_bytes() == before


def test_boxes_by_hand_stay(folder, tiny):
    path = folder / "boxes" / "bms.csv"
    save_by_hand(path, tiny.resized(32), "i3", [(1, 1, 3, 3)])
    main(["boxes", str(folder), "--method", "bms", "--workers", "1"])
    table = read_table(path)
    assert table[table.image_id == "i3"].method.tolist() == ["hand"] and len(table) == 8


def test_a_segmentation_is_trained_and_finds_boxes(tmp_path, tiny, capsys):
    from dataclasses import replace

    masks = np.zeros((32, 16, 16), np.uint8)
    for i in np.flatnonzero(tiny.labels):
        x0, y0, x1, y1 = tiny.boxes_of(i)[0].astype(int)
        masks[i, y0:y1, x0:x1] = 1
    replace(tiny, masks=masks).save(tmp_path / "tiny")
    out = str(tmp_path / "s.safetensors")
    assert main(["segment", "train", str(tmp_path / "tiny"), "--size", "32", "--epochs", "2", "--out", out]) == 0
    assert "epochs on 6 pairs, Dice" in capsys.readouterr().out
    assert main(["boxes", str(tmp_path / "tiny"), "--method", "deeplab", "--checkpoint", out]) == 0
    table = read_table(tmp_path / "tiny" / "boxes" / "deeplab.csv")
    assert len(set(table.image_id)) == 8 and "smallest" in table.parameters[0]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--method", "dsrr"], "method = 'dsrr' is unknown: did you mean 'dsr'"),
        (["--classes", "rar"], "class = 'rar' is unknown: did you mean 'rare'"),
        (["--method", "deeplab"], "needs --checkpoint, the segmentation"),
        (["--method", "cam", "--checkpoint", "nix"], "there is no checkpoint nix"),
        (["--method", "promptable", "--checkpoint", "nix"], "there are no weights nix"),
        (["--threshold", "2"], "threshold = 2.0 is out of range"),
        (["--workers", "0"], "--workers 0 is too small"),
        (["--limit", "0"], "--limit 0 is too small"),
        (["--beside", "nix.csv", "--method", "truth"], "there is no table of boxes nix.csv"),
    ],
)
def test_bad_options_are_told_in_one_sentence(folder, capsys, arguments, words):
    assert main(["boxes", str(folder), *arguments]) == 2
    error = capsys.readouterr().err
    assert words in error and error.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nix"], "nix does not exist"),
        (["synthetic", "--trunk", "smal"], "did you mean 'small'"),
        (["synthetic", "--size", "8"], "--size 8 is too small"),
        (["synthetic", "--lr", "2"], "lr = 2.0 is out of range"),
    ],
)
def test_bad_options_of_a_training_are_told(capsys, arguments, words):
    assert main(["segment", "train", *arguments]) == 2
    assert words in capsys.readouterr().err


def test_all_methods_of_the_table_can_be_chosen():
    from carekit.material.autobox.command_line import METHODS

    assert set(METHODS) == {*FINDERS, "truth"}
    for name in FINDERS:
        assert finder(name, Options(checkpoint="some")).method == name
