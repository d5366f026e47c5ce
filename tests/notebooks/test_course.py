"""The whole series under papermill in the fast profile, once, and what it leaves behind."""

import errno
import json
import re

import nbclient
import nbformat
import pandas as pd
import pytest

from carekit.__main__ import main
from carekit.course.pages.course import Outcome, notebooks
from carekit.research.studies.treatments import SOME

# The words of an explorer and all that is painted in it.
SEEN = """(root) => root.querySelector('.ck-words').textContent
    + [...root.querySelectorAll('canvas')].map((each) => each.toDataURL()).join()"""
OUT = "out {1} 50 % #3 größer"
ENDS = (".ipynb", ".html", ".json")
NAMES = [path.stem for path in notebooks()]
WITH_EXPLORERS = [path.stem for path in notebooks() if "explore_" in path.read_text(encoding="utf-8")]


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """(folder, printed text) of `course --profile fast`; its places have names that programs stumble over."""
    folder = tmp_path_factory.mktemp("a course {0} 100 % #1 (Übung)")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)  # both places are relative
        patch.setenv("CAREKIT_RUNS", "läufe {runs} %20 #2")
        patch.setenv("PYTHONWARNINGS", "default")
        printed = []
        patch.setattr("builtins.print", lambda *words, **_: printed.append(" ".join(map(str, words))))
        arguments = ["course", "--profile", "fast", "--seeds", "2", "--out", OUT, "--set", "tau=0.6"]
        assert main(arguments) == 0, printed
    return folder / OUT, "\n".join(printed)


def test_all_that_was_made_lies_where_it_was_asked_for(course):
    folder, printed = course
    assert sorted(path.name for path in folder.parent.iterdir()) == sorted(["läufe {runs} %20 #2", OUT])
    assert (folder.parent / "läufe {runs} %20 #2" / "models").is_dir()
    kinds = {path.name for path in folder.iterdir()} - {f"{name}{end}" for name in NAMES for end in ENDS}
    assert kinds == {"index.html", ".lock"}
    assert f"Read them: {folder / 'index.html'}" in printed


def test_it_prints_progress_the_comparison_and_where_to_read(course):
    folder, printed = course
    for i, name in enumerate(NAMES, 1):
        count = f"[{i}/{len(NAMES)}] {name}"
        assert f"{count} ..." in printed and re.search(rf"{re.escape(count)}: \d+ s", printed)
    for row in ("pretrained", "fine-tuned, α = 0", "fine-tuned, CARE"):
        assert re.search(rf"^{row} +" + r" +".join([r"\d\.\d+"] * 4) + "$", printed, re.M), printed
    for column in ("recall of the rare class", "MCA", "AUC", "attention inside the box", "mean over 2 seeds"):
        assert column in printed
    assert str(folder / "index.html") in printed


@pytest.mark.parametrize("name", NAMES)
def test_each_lesson_leaves_results_with_its_parameters(course, name):
    results = json.loads((course[0] / f"{name}.json").read_text())
    assert results["parameters"]["tau"] == 0.6 and results["parameters"]["profile"] == "fast"
    assert results["figures"] and results["data"] == (
        "Synthetic chest X-rays" if name[:2] == "15" else "Synthetic skin"
    )


@pytest.mark.parametrize("name", NAMES)
def test_each_page_has_pictures_with_a_text_and_needs_no_network(course, name):
    page = (course[0] / f"{name}.html").read_text(encoding="utf-8")
    pictures = re.findall(r"<img [^>]*>", page)
    assert pictures and all(re.search(r'alt="[^"]{15,}"', picture) for picture in pictures)
    assert not re.search(r'(src|href)="(https?:)?//(?!doi\.org)', page)
    assert not re.search(r"""import\s*\(?['"]https?:""", page)
    assert "application/vnd.jupyter.widget" not in page


@pytest.mark.parametrize("name", NAMES)
def test_no_cell_warned_or_stopped(course, name):
    cells = nbformat.read(course[0] / f"{name}.ipynb", 4).cells
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    assert not [o.text for o in outputs if o.output_type == "stream" and "Warning" in o.text]
    assert not [o for o in outputs if o.output_type == "error"]


def test_equations_are_drawn_by_the_browser_itself(course):
    page = (course[0] / "04_attention_loss.html").read_text(encoding="utf-8")
    assert page.count("<math") > 5 and "$$" not in re.sub(r"<script.*?</script>", "", page, flags=re.S)


def test_the_index_links_every_page(course):
    index = (course[0] / "index.html").read_text(encoding="utf-8")
    assert [name for name in NAMES if f'href="{name}.html"' in index] == NAMES


def test_the_claims_that_hold_at_any_size_hold(course):
    figures = {name: json.loads((course[0] / f"{name}.json").read_text())["figures"] for name in NAMES}
    assert figures["01_data_imbalance"]["always"]["mca"] == pytest.approx(1 / 7)
    assert figures["02_grad_cam"]["score_gap"] < 1e-3 and figures["02_grad_cam"]["weight_gap"] < 1e-5
    assert figures["02_grad_cam"]["median_correlation"] < 0
    assert figures["03_masks"]["reduce_gap"] < 1e-5
    start, ends = figures["04_attention_loss"]["start"], figures["04_attention_loss"]["ends"]
    assert ends["1.0"][0] > start[0] and ends["0.3"][0] < ends["1.0"][0]
    strategies = figures["07_strategies"]
    arms = {f"{name}{end}" for name in strategies["strategies"] for end in ("", " + CARE")}
    assert {run["arm"] for run in strategies["runs"]} == arms and len(arms) == 2 * len(SOME)
    assert all(0 <= run["ink_others_turned"] <= run["ink_others"] for run in strategies["runs"])
    overlap = figures["09_boxes_without_annotators"]["overlap"]
    assert overlap["true boxes"] == 1 > overlap["scaled 1.1"] > overlap["random"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--set", "tua=0.5"], "no parameter 'tua': did you mean 'tau'"),
        (["--set", "tau=2"], "tau = 2 is out of range"),
        (["--set", "tau"], "has no value"),
        (["--set", "results=a.json"], "results is set by the course"),
        (["--set", f"tau={'-' * 20_000}1"], "is out of range"),
        (["--set", "tau=nan"], "tau = 'nan' is out of range"),
        (["--only", "01", "--data", "x" * 5000], "File name too long"),
        (["--seeds", "0"], "seeds = 0 is out of range"),
        (["--profile", "huge"], "profile = 'huge' is out of range"),
        (["--only", "99"], "no lesson has '99' in its name"),
        (["--only", "01", "--data", "no/such/folder"], "is not a prepared data set"),
    ],
)
def test_bad_settings_are_one_sentence_and_exit_2(arguments, words, tmp_path, capsys):
    assert main(["course", "--profile", "fast", "--out", str(tmp_path), *arguments]) == 2
    error = capsys.readouterr().err
    assert words in error and "Traceback" not in error and error.count("\n") == 1


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), 2, "carekit: the disk is full: make room"),
        (OSError(errno.EROFS, "Read-only file system"), 2, "carekit: [Errno 30] Read-only file system"),
        (KeyboardInterrupt(), 130, "Interrupted. Finished runs are kept"),
        (
            nbclient.exceptions.DeadKernelError("Kernel died"),
            2,
            "stopped: the kernel died outside of a cell. Close other programs",
        ),
    ],
)
@pytest.mark.parametrize("command", ["course", "site"])
def test_what_stops_it_is_one_sentence_and_a_status(command, error, status, words, tmp_path, monkeypatch, capsys):
    def stopping(*_, **__):
        raise error

    monkeypatch.setattr("papermill.execute_notebook", stopping)
    monkeypatch.setenv("CAREKIT_RUNS", str(tmp_path / "runs"))
    assert main([command, "--profile", "fast", "--only", "01", "--out", str(tmp_path / "out")]) == status
    said = capsys.readouterr().err.strip()
    assert words in said and said.count("\n") == 0


def test_what_came_out_is_a_table_with_a_line_for_each_sentence():
    table = pd.DataFrame({"recall <rare>": ["0.5 ± 0.1"]}, index=["fine-tuned, CARE"])
    found = Outcome("Skin & co.", table, ("Recall: up.\nMCA: up.", "Ink: 3 < 9"))
    page = found.html()
    assert "<p>Skin &amp; co.</p>" in page and "Recall: up.<br>MCA: up." in page and "Ink: 3 &lt; 9" in page
    assert "recall &lt;rare&gt;" in page and page.count("<tr") == 2
    assert found.text().startswith("Skin & co.\n") and "Recall: up.\nMCA: up.\n\nInk: 3 < 9" in found.text()
    assert Outcome("Nothing.").text() == "Nothing." and "<table" not in Outcome("Nothing.").html()


def test_papermill_alone_is_refused_an_unknown_parameter_too(tmp_path):
    import papermill

    with pytest.raises(papermill.PapermillExecutionError, match="there is no parameter 'tua': did you mean 'tau'"):
        papermill.execute_notebook(
            notebooks()[0],
            tmp_path / "out.ipynb",
            {"tua": 0.5, "profile": "fast"},
            progress_bar=False,
            extra_arguments=["--log-level=40"],
        )


def test_the_explorers_of_the_pages_are_alive_from_disk(course, browser):
    """Opened as files, without a kernel: each lesson's explorers paint, and follow a slider."""
    tab, strangers = browser.new_page(), []
    tab.on("pageerror", lambda error: strangers.append(str(error)))
    tab.on("request", lambda request: request.url.startswith("http") and strangers.append(request.url))
    for name in WITH_EXPLORERS:
        tab.goto((course[0] / f"{name}.html").as_uri())
        tab.wait_for_function("document.querySelector('.ck-alone')?.carekit?.numbers")
        for explorer in tab.locator(".ck-explorer").all():
            assert explorer.locator(".ck-alarm").is_hidden() and len(explorer.locator(".ck-words").inner_text()) > 40
            explorer.scroll_into_view_if_needed()
            explorer.evaluate("(root) => root.querySelectorAll('details').forEach((fold) => { fold.open = true; })")
            assert any(_moves(tab, explorer, slider) for slider in explorer.locator("input[type=range]").all()), name
    tab.close()
    assert strangers == []


def _moves(tab, explorer, slider):
    """Whether the ends of a slider's range look different."""
    if not slider.is_visible():
        return False
    slider.focus()
    seen = set()
    for key in ("Home", "End"):
        tab.keyboard.press(key)
        tab.wait_for_timeout(150)
        seen.add(explorer.evaluate(SEEN))
    return len(seen) == 2
