"""What is wrong in a page becomes a sentence, and nothing half-made stays behind."""

import re

import pytest

from carekit.__main__ import main
from carekit.course.pages import course
from carekit.course.pages.site import SiteError, build

FAULTS = {
    "link.md": ("[there](nowhere.md)", "nowhere.md"),
    "heading.md": ("### Too low", "header level"),
    "picture.md": ("![a picture of nothing](nothing.png)", "nothing.png"),
}


def test_a_link_a_heading_and_a_picture_at_fault_are_named(tmp_path):
    source = tmp_path / "source"
    (source / "_static").mkdir(parents=True)
    (source / "index.md").write_text("# Pages\n\n```{toctree}\n:glob:\n*\n```\n")
    for name, (text, _) in FAULTS.items():
        (source / name).write_text(f"# A page\n\n{text}\n")
    with pytest.raises(SiteError) as caught:
        build._sphinx("dummy", source, tmp_path / "doctrees", tmp_path / "out", [])
    assert str(source) not in str(caught.value)
    for name, (_, words) in FAULTS.items():
        assert re.search(rf"^{name}:\d+: WARNING: .*{words}", str(caught.value), re.MULTILINE), str(caught.value)


@pytest.fixture
def made(monkeypatch, tmp_path):
    """The calls of build_site in a course that was not run; it fails where `made.fails` is set."""
    calls = []
    monkeypatch.setattr(course, "run_course", lambda parameters, only, jobs: tmp_path / "run" / "index.html")

    def write(executed, lessons, out, settings, summary):
        calls.append((executed, settings, summary))
        (out / "index.html").write_text("new")
        if settings.startswith("data = chest"):
            raise SiteError("the pages have faults:\na.md:1: WARNING: nothing there")

    monkeypatch.setattr(course, "build_site", write)
    return calls


def test_the_command_makes_the_site_of_the_run(made, tmp_path, capsys):
    assert main(["site", "--profile", "fast", "--out", str(tmp_path / "site")]) == 0
    ((executed, settings, summary),) = made
    assert executed == tmp_path / "run" and "profile = fast" in settings and "Lesson 5 was not run" in summary
    assert (tmp_path / "site" / "index.html").read_text() == "new"
    assert str(tmp_path / "site" / "index.html") in capsys.readouterr().out


def test_faults_are_told_and_the_earlier_site_stays(made, tmp_path, capsys):
    out = tmp_path / "site"
    assert main(["site", "--out", str(out)]) == 0
    earlier = (out / "index.html").read_text()
    made.clear()
    assert main(["site", "--data", str(tmp_path / "chest"), "--out", str(out)]) == 2
    error = capsys.readouterr().err
    assert "a.md:1: WARNING: nothing there" in error and "Traceback" not in error
    assert (out / "index.html").read_text() == earlier and str(tmp_path) not in made[0][1]


def test_a_folder_with_other_files_is_refused(made, tmp_path, capsys):
    (tmp_path / "thesis.tex").write_text("years of work")
    assert main(["site", "--out", str(tmp_path)]) == 2
    assert "thesis.tex" in capsys.readouterr().err or (tmp_path / "thesis.tex").exists()
    assert not made


@pytest.mark.parametrize("name", ["index.html", "thesis.pdf"])
def test_a_folder_with_an_index_of_another_program_and_a_changed_site_are_refused(made, tmp_path, capsys, name):
    out = tmp_path / "public_html"
    assert main(["site", "--out", str(out)]) == 0
    assert main(["site", "--out", str(out)]) == 0  # its own is replaced
    made.clear()
    (out / name).write_text("my own")
    assert main(["site", "--out", str(out)]) == 2
    assert f"{out / name} was not written by carekit, or was changed since: move it" in capsys.readouterr().err
    assert (out / name).read_text() == "my own" and not made
