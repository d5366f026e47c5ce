"""From an equation of a lesson to the lines that compute it, and from a function of the method to its lesson."""

import re
import runpy
from pathlib import Path

import nbformat
import pytest

import carekit
from carekit.ground.where import PACKAGE, places

ROOT = Path(__file__).parents[2]
LESSONS = {int(path.stem[:2]): path for path in (ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb")}
WRITER = runpy.run_path(str(ROOT / "docs" / "write_links.py"))


def text_of(lesson):
    return "\n".join(cell.source for cell in nbformat.read(LESSONS[lesson], 4).cells)


@pytest.mark.parametrize("lesson", sorted(LESSONS))
def test_links_lead_to_the_lines_of_today(lesson):
    written = WRITER["bring_up_to_date"](LESSONS[lesson])
    assert nbformat.read(LESSONS[lesson], 4).cells == written.cells, "run docs/write_links.py"


@pytest.mark.parametrize("lesson", sorted(LESSONS))
def test_each_displayed_equation_is_followed_by_a_link_to_its_code(lesson):
    for cell in nbformat.read(LESSONS[lesson], 4).cells:
        if cell.cell_type == "markdown":
            _, *after = re.split(r"\$\$[^$]+\$\$", cell.source)
            assert all(WRITER["LINK"].search(text.split("\n\n")[1]) for text in after), cell.id


@pytest.mark.parametrize("place", list(places()), ids=lambda place: f"{place.file.stem}.{place.name}")
def test_a_public_function_names_a_lesson_that_exists_and_has_it_with_its_equations(place):
    assert place.lessons, f"end the docstring of {place.name} in {place.file} with its lesson: Lesson 4, Eq. 6."
    for lesson in place.lessons:
        text = text_of(lesson)
        file = place.file.relative_to(PACKAGE.parent).as_posix()
        assert re.search(rf"\[`{place.name}`\]\(\.\./{file}#L{place.first}-L{place.last}\)", text)
        assert all(f"({equation})" in text for equation in place.equations)


@pytest.mark.parametrize("name", ["L_in", "L_{in}", "Eq. 6", "6", "inner_loss"])
def test_where_prints_file_line_and_lesson(name, capsys):
    carekit.where(name)
    lines = (PACKAGE / "method" / "attention.py").read_text().splitlines()
    first = next(i for i, line in enumerate(lines, 1) if line.startswith("def inner_loss("))
    said = capsys.readouterr().out
    assert f"method/attention.py, line {first}: inner_loss" in said and "Lesson 4: 04_attention_loss.ipynb" in said


def test_a_parameter_leads_to_what_has_it(capsys):
    carekit.where("tau")
    assert "care.py" in capsys.readouterr().out


def test_greek_letters_may_be_spelled_and_an_unknown_name_gets_the_nearest(capsys):
    carekit.where("σ_k")
    by_letter = capsys.readouterr().out
    carekit.where("sigma_k")
    assert by_letter == capsys.readouterr().out != ""
    with pytest.raises(ValueError, match="'iner_loss' is no name of the method: did you mean 'inner_loss'"):
        carekit.where("iner_loss")
