"""Which notebooks can be run, and what their parameters take."""

import pytest

from carekit.course.pages.course import notebooks
from carekit.research.batch.code import modules_of
from carekit.research.batch.notebook import read_notebook


def named(stem):
    return next(path for path in notebooks() if path.stem == stem)


CELL = "n = 1\nshare = 0.5\nname = 'a'\nflag = False\nsizes = [1]\nnothing = None\nmade = n * 2\nhinted: int = 3"


def test_any_notebook_with_a_parameters_cell_can_be_run(write):
    notebook = read_notebook(write(CELL, "print(n)"))
    values = {"n": 2, "share": 1, "name": "b", "flag": True, "sizes": [], "nothing": "x", "made": 1.5, "hinted": 4}
    assert notebook.checked(values) == values
    assert isinstance(notebook.checked({"share": 1})["share"], float)
    assert notebook.kernel == "python3" and not notebook.remark


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"m": 1}, "own.ipynb has no parameter 'm': it has n, share"),
        ({"shair": 1}, "did you mean 'share'"),
        ({"n": 1.5}, "n = 1.5 does not fit: the notebook has 1, so give a whole number"),
        ({"n": True}, "n = True does not fit"),
        ({"n": "x"}, "n = 'x' does not fit"),
        ({"flag": 1}, "give True or False"),
        ({"share": "x"}, "give a number"),
        ({"sizes": 3}, "give a list"),
        ({"results": "x.json"}, "the parameter results is set for each run"),
    ],
)
def test_other_parameters_and_values_are_refused(write, values, words):
    with pytest.raises(ValueError, match=words):
        read_notebook(write(CELL)).checked(values)


def test_lessons_are_checked_by_their_own_rules():
    notebook = read_notebook(named("01_data_imbalance"))
    assert notebook.checked({"tau": 1, "data": "synthetic-chest"}) == {"tau": 1.0, "data": "synthetic-chest"}
    with pytest.raises(ValueError, match="tau = 2.0 is out of range"):
        notebook.checked({"tau": 2})
    strategies = read_notebook(named("07_strategies"))
    assert strategies.checked({"strategies": ["plain"]}) == {"strategies": ["plain"]}
    assert strategies.checked({"strategies": "all"}) == {"strategies": "all"}
    with pytest.raises(ValueError, match="has no parameter 'strategies'"):
        notebook.checked({"strategies": "all"})
    with pytest.raises(FileNotFoundError, match="is not a prepared data set"):
        notebook.checked({"data": "no/such/folder"})


def test_data_of_a_lesson_are_named_by_their_full_path_and_their_facts(tiny, tmp_path):
    notebook = read_notebook(named("01_data_imbalance"))
    tiny.save(tmp_path / "one")
    values = notebook.checked({"data": str(tmp_path / "one")})
    assert values["data"] == str((tmp_path / "one").resolve())
    before = notebook.data_facts(values)
    assert before and before == notebook.data_facts(values) and notebook.data_facts({}) == ""
    facts = tmp_path / "one" / "facts.json"
    facts.write_text(facts.read_text().replace("Tiny", "Other"))
    assert notebook.data_facts(values) != before


def test_a_file_that_a_parameter_names_is_part_of_the_data(write, tmp_path):
    notebook = read_notebook(write("table = 'table.csv'"))
    assert notebook.data_facts({}) == ""
    (tmp_path / "table.csv").write_text("1")
    before = notebook.data_facts({})
    (tmp_path / "table.csv").write_text("12")
    assert "" != before != notebook.data_facts({})
    assert notebook.data_facts({"table": "x" * 5000 + "\0"}) == ""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"tags": ()}, "has no parameters cell: give the cell .* the tag 'parameters'"),
        ({"kernelspec": {"name": "python9", "display_name": "x"}}, "needs the kernel 'python9', which is not here"),
        ({"kernelspec": {"name": "ir", "display_name": "R", "language": "R"}}, "is written in R"),
    ],
)
def test_notebooks_that_cannot_be_run_are_one_sentence(write, arguments, words):
    with pytest.raises(ValueError, match=words):
        read_notebook(write("n = 1", **arguments))


@pytest.mark.parametrize(
    ("cell", "words"),
    [("%matplotlib inline\nn = 1", "not plain Python in line 1"), ("# nothing", "assigns nothing")],
)
def test_a_parameters_cell_assigns_values(write, cell, words):
    with pytest.raises(ValueError, match=words):
        read_notebook(write(cell))


def test_without_a_kernelspec_it_runs_with_python3_and_says_so(write):
    notebook = read_notebook(write("n = 1", kernelspec=None))
    assert notebook.kernel == "python3" and "names no kernel" in notebook.remark


def test_what_is_no_notebook(write, tmp_path):
    (tmp_path / "text.ipynb").write_text("no JSON")
    (tmp_path / "other.ipynb").write_text("{}")
    for name in ("text", "other"):
        with pytest.raises(ValueError, match=f"{name}.ipynb is no notebook that can be read"):
            read_notebook(tmp_path / f"{name}.ipynb")
    write("n = 1")
    with pytest.raises(FileNotFoundError, match="did you mean 'own.ipynb'"):
        read_notebook(tmp_path / "owm.ipynb")


@pytest.mark.parametrize(
    ("source", "modules"),
    [
        ("from carekit import Care, compare", {"carekit.objectives", "carekit.experiment"}),
        ("import carekit.method.cam as cam, numpy", {"carekit.method.cam"}),
        (
            "def f():\n    from carekit.research.figures import show",
            {"carekit.research.figures", "carekit.research.figures.show"},
        ),
        ("import numpy\nfrom carekittens import x", set()),
    ],
)
def test_the_kits_modules_that_a_notebook_imports(source, modules):
    assert modules_of(source) == modules


def test_who_imports_the_kit_whole_or_cannot_be_parsed_imports_all_of_it():
    assert modules_of("import carekit") == modules_of("x = = carekit") > {"carekit.objectives", "carekit.method.cam"}


def test_a_notebook_is_named_by_its_code_not_by_its_outputs_or_its_text(write):
    first = read_notebook(write("n = 1", "%time x = n\nfrom carekit import cam"))
    assert first.code and read_notebook(write("n = 1")).code == ""
    assert read_notebook(write("n = 1", "%time x = n\nfrom carekit import cam")).content == first.content
    assert read_notebook(write("n = 1", "%time x = 2\nfrom carekit import cam")).content != first.content
