"""What every committed lesson must be, without running it."""

import ast
import dis
import re
from pathlib import Path

import nbformat
import pytest

from carekit.research.setting.parameters import assigned_names, of_lesson

FOLDER = Path(__file__).parents[2] / "notebooks"
LESSONS = sorted(FOLDER.glob("*.ipynb"))
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
NOT_YET: set[str] = set()


@pytest.fixture(params=LESSONS, ids=lambda path: path.stem)
def path(request):
    return request.param


@pytest.fixture
def lesson(path):
    return nbformat.read(path, as_version=4)


def test_the_series_begins_whole_and_each_number_stands_once_and_in_the_title():
    names = "the_ink_detective data_imbalance grad_cam masks attention_loss two_stage_training ablations".split()
    assert [path.stem for path in LESSONS][:7] == [f"{i:02d}_{name}" for i, name in enumerate(names)]
    numbers = [int(path.stem[:2]) for path in LESSONS]
    assert len(set(numbers)) == len(numbers)
    for path, number in zip(LESSONS, numbers, strict=True):
        assert nbformat.read(path, as_version=4).cells[0].source.startswith(f"# {number}. "), path.stem


def test_it_is_committed_without_outputs_and_with_a_kernelspec(lesson):
    nbformat.validate(lesson)
    assert lesson.metadata.kernelspec.name == "python3"
    for cell in lesson.cells:
        assert not cell.get("outputs") and cell.get("execution_count") is None


def test_cell_ids_are_names_and_unique(lesson):
    ids = [cell.id for cell in lesson.cells]
    assert len(set(ids)) == len(ids) and all(re.fullmatch(r"[a-z][a-z0-9-]*", name) for name in ids)


def test_the_parameters_cell_holds_the_same_literals_everywhere(lesson, path):
    (cell,) = [cell for cell in lesson.cells if "parameters" in cell.metadata.get("tags", [])]
    assert assigned_names(cell.source) == {name: parameter.default for name, parameter in of_lesson(path.stem).items()}


def test_no_other_cell_gives_a_parameter_a_value(lesson, path):
    """The lesson reads the parameters from the notebook's variables each time, so no cell may reuse their names."""
    names = set(of_lesson(path.stem))
    for cell in lesson.cells:
        if cell.cell_type == "code" and "parameters" not in cell.metadata.get("tags", []):
            steps = dis.get_instructions(compile(cell.source, cell.id, "exec"))
            assigned = {
                step.argval for step in steps if step.opname == "STORE_NAME"
            }  # of the notebook, not of functions
            assert not assigned & names, cell.id


def test_it_opens_with_a_claim_objectives_prerequisites_and_minutes(lesson):
    head = lesson.cells[0].source
    assert head.startswith("# ") and "**Claim.**" in head and "You will be able to" in head
    assert "Before you start" in head and re.search(r"\d+ minutes", head)


def test_it_asks_to_predict_has_an_exercise_with_a_solution_and_checks_its_claim(lesson):
    text = "\n".join(cell.source for cell in lesson.cells)
    tags = [tag for cell in lesson.cells for tag in cell.metadata.get("tags", [])]
    assert "**Predict, then look:**" in text and "## The claim, checked" in text
    assert re.search(r"\b(lesson|films)\.save\(", text)
    assert tags.count("exercise") == tags.count("solution") >= 1 and "<details>" in text


def test_code_cells_have_one_idea_a_line(lesson, path):
    """No comprehension in another one, no conditional inside an f-string, no line over 100 characters."""
    for cell in lesson.cells:
        if cell.cell_type == "code" and not cell.id.startswith("exercise"):  # those are generated
            nodes = list(ast.walk(ast.parse(cell.source)))
            if path.stem[:2] not in NOT_YET:
                assert max(map(len, cell.source.splitlines()), default=0) <= 100, cell.id
                assert not any(_has_inside(node, COMPREHENSIONS) for node in nodes if isinstance(node, COMPREHENSIONS))
                assert not any(_has_inside(node, ast.IfExp) for node in nodes if isinstance(node, ast.JoinedStr))


def _has_inside(node, kinds):
    return any(isinstance(inner, kinds) for inner in ast.walk(node) if inner is not node)


def test_no_figure_is_written_into_the_prose_as_a_result(lesson):
    """Measured figures come from cells. What the prose quotes is the paper's, and says where it stands."""
    for cell in lesson.cells:
        if cell.cell_type == "markdown" and re.search(r"\d+\.\d+ ?%", cell.source):
            assert re.search(r"paper|Table", cell.source), cell.id


def test_links_between_lessons_exist(lesson):
    for cell in lesson.cells:
        for target in re.findall(r"\]\((\w+\.ipynb)\)", cell.source):
            assert (FOLDER / target).exists()
