import argparse

import pytest

from carekit.data.prepared import Prepared
from carekit.material.intake.layouts.ham10000 import HAM10000
from carekit.material.intake.layouts.layout import Layout
from carekit.material.intake.preparing import command_line


@pytest.fixture
def asked(monkeypatch):
    """What `prepare` is asked for."""
    calls = []

    def prepare(layout, source, out, **options):
        calls.append((str(source), str(out), options))
        raise ValueError("that is all")

    monkeypatch.setattr(command_line, "prepare", prepare)
    return calls


LAYOUT = Layout(name="toy", splits=("group",), read=None, fits=None, expects="toys")


def test_each_option_goes_to_the_one_who_asked_for_it(asked, monkeypatch, tmp_path):
    seen = {}

    def origin(options: argparse.Namespace):
        seen["which"] = options.which
        return "origin"

    monkeypatch.setattr(command_line, "_fetch", lambda origin, folder: tmp_path / "fetched")
    arguments = ["--out", "o", "--download", "--which", "b", "--colour", "red", "--limit", "9"]
    status = command_line.main(
        LAYOUT,
        "Toys",
        arguments,
        origin=origin,
        add=lambda parser: parser.add_argument("--colour"),
        add_to_download=lambda parser: parser.add_argument("--which"),
    )
    [(source, out, options)] = asked
    assert status == 2 and seen == {"which": "b"} and (source, out) == (str(tmp_path / "fetched"), "o")
    assert options["colour"] == "red" and options["limit"] == 9
    assert {"which", "download", "source", "out"}.isdisjoint(options)


def test_without_an_origin_there_is_no_download(asked, capsys):
    with pytest.raises(SystemExit):
        command_line.main(LAYOUT, "Toys", ["--out", "o", "--download"])
    assert command_line.main(LAYOUT, "Toys", ["--out", "o"]) == 2
    assert capsys.readouterr().err.endswith("toy: give --source, the folder or archive with the images\n")


def _shown(folder):
    (folder / "shown").touch()


def test_one_command_recognises_prepares_and_says_what_it_understood(own, tmp_path, capsys):
    rows = [line + ("," if i else ",category") for i, line in enumerate((own / "boxes.csv").read_text().splitlines())]
    rows = [row + ("ruler" if i % 2 else "lesion") if i else row for i, row in enumerate(rows)]
    (own / "boxes.csv").write_text("\n".join(rows))
    out = tmp_path / "out"
    arguments = [str(own), "--out", str(out), "--size", "16", "--workers", "1", "--licence", "CC0"]
    assert command_line.run_prepare(arguments, _shown) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"{own}: own" and lines[1].split() == ["class", "train", "test", "boxes"]
    assert "Split: by group, stratified by class, 80/20: no group has images in both parts." in lines
    assert "Boxes by category: lesion 12, ruler 12." in lines or "Boxes by category: ruler 12, lesion 12." in lines
    assert any(line.startswith("Note: boxes of 2 categories: ") for line in lines)
    assert lines[-1] == f"Next: python -m carekit check {out}, then make course DATA={out}"
    assert (out / "shown").exists() and Prepared.open(out).facts["licence"] == "CC0"
    more = [*arguments, "--overwrite", "--category", "lesion", "--rare", "common"]
    assert command_line.run_prepare(more, _shown) == 0
    data = Prepared.open(out)
    assert len(data.boxes) == 12 and data.rare == ["common"] and data.facts["notes"] == []


def test_one_command_without_a_known_layout_or_with_an_option_of_another(own, tmp_path, capsys):
    (tmp_path / "none").mkdir()
    (tmp_path / "none" / "a.doc").write_bytes(b"x")
    (tmp_path / "none" / "table.csv").write_text("a,b\n1,2\n")
    assert command_line.run_prepare([str(tmp_path / "none"), "--out", str(tmp_path / "out")], _shown) == 2
    told = capsys.readouterr().err
    assert "has no known layout: found: 1 .doc, 1 .csv; table.csv has the columns a, b. Known are ham10000: " in told
    assert command_line.run_prepare([str(own), "--out", str(tmp_path / "out"), "--subset", "all"], _shown) == 2
    assert "is laid out as own, where there is no --subset: leave it out" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_script_names_the_layout_that_a_source_has(own, tmp_path, capsys):
    assert command_line.main(HAM10000, "HAM", ["--source", str(own), "--out", str(tmp_path / "out")]) == 2
    told = capsys.readouterr().err
    assert "is not laid out as ham10000: " in told and "it is laid out as own: python -m carekit prepare " in told
