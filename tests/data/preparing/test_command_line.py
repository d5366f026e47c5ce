import argparse

import pytest

from carekit.data.layouts.layout import Layout
from carekit.data.preparing import command_line


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
