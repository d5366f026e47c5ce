"""Run the ordered notebooks headless: executed copies, pages, results, and the table of lesson 5."""

import hashlib
import html
import json
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any

import pandas as pd
import psutil
from tqdm import tqdm

from carekit.course.pages.report import title, to_html, write_index
from carekit.course.pages.site import build_site
from carekit.experiment import summary
from carekit.ground import ownership, workspace
from carekit.ground.environment import ROOT
from carekit.ground.folders import atomic_folder, check_free
from carekit.ground.messages import Refusal
from carekit.ground.parallel import cores
from carekit.material.drawing import KINDS
from carekit.research.batch.execute import (
    CONNECTION,
    KernelDied,
    NotebookStopped,
    ctrl_c_ends_kernels,
    end_kernels,
    execute,
    surroundings,
)
from carekit.research.batch.records import alone_in
from carekit.research.figures.labels import label_of
from carekit.research.figures.show import with_intervals
from carekit.research.setting.parameters import check_parameters, of_lesson
from carekit.research.setting.setting import NoBoxes

TRAINING_LESSON = "05_two_stage_training"
_Row = tuple[Future[Path], str, str]  # of the index: page, title, remark
_GB_OF_TWO = 6  # what two lessons with their worker processes may take


class CourseError(Refusal):
    """A notebook stopped; the message says which, where and why, in one line."""


def notebooks() -> list[Path]:
    """The lessons in reading order. Raises FileNotFoundError outside a checkout."""
    found = sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
    if not found:
        raise FileNotFoundError(f"there are no notebooks in {ROOT / 'notebooks'}: run this from a checkout of carekit")
    return found


def run_course(parameters: Mapping[str, Any], only: str = "", out: Path | None = None, jobs: int = 0) -> Path:
    """Execute the lessons whose name holds `only`; print progress and the result; return the index page.

    The index, the table and the folder have only what this run made.

    Args:
        parameters: of the notebooks: name -> value.
        only: part of the lessons' names; empty: all lessons.
        out: the folder, by default in the workspace's runs.
        jobs: lessons at a time: one reads and draws while another one trains, and a model that two need is trained
            once. 0: two, if this machine has two cores and the memory, and if they do not share a GPU.

    Raises:
        ValueError: for parameters that no lesson takes.
        CourseError: for a notebook that stops.
        OSError: if the folder cannot be written to, another course is running there, or a file of a lesson there was
            not written by an earlier course or was changed since.
    """
    checked = check_parameters(parameters)
    name = checked["data"]
    if name not in KINDS:
        parameters = dict(parameters) | {"data": str(workspace.resolve(name).resolve())}
        place = hashlib.sha256(parameters["data"].encode()).hexdigest()[:6]  # two sets may have one name
        name = f"{Path(name).name}-{place}"
    folder = (out or workspace.runs() / f"course-{name}-{checked['profile']}").resolve()
    chosen = [path for path in notebooks() if only in path.stem]
    if not chosen:
        raise ValueError(f"no lesson has {only!r} in its name: choose from {', '.join(p.stem for p in notebooks())}")
    if jobs < 0:
        raise ValueError(f"--jobs {jobs} is too small: give how many lessons run at a time")
    started, jobs = time.perf_counter(), min(jobs or _at_a_time(checked["profile"]), len(chosen))
    with (
        alone_in(folder, "course"),
        ctrl_c_ends_kernels(),
        ThreadPoolExecutor(1) as pages,  # makes a lesson's page while the next one runs
    ):
        files = ["index.html"]
        for lesson in chosen:
            files += [f"{lesson.stem}{ending}" for ending in (".ipynb", ".html", ".json")]
            files.append(CONNECTION.format(lesson.stem))  # a killed course leaves it
        ownership.begin(folder, files)
        try:
            done = _lessons(chosen, folder, parameters, jobs, pages)
            rows = [(page.result(), name, remark) for page, name, remark in done]
            result = outcome(folder)
            index = write_index(folder, "carekit: the executed course", rows, result.html(), _settings(checked))
        finally:
            ownership.finish(folder, files)
    print(f"\n{result.text()}\n\n{len(rows)} lessons in {(time.perf_counter() - started) / 60:.1f} minutes.")
    print(f"Read them: {index}\nResults as JSON and the executed notebooks are next to it.")
    return index


def _settings(checked: Mapping[str, Any]) -> str:
    return ", ".join(f"{key} = {value}" for key, value in checked.items() if key != "results" and value != "")


def make_site(parameters: Mapping[str, Any], only: str, out: Path, jobs: int = 0) -> Path:
    """Run the course and make a site of it, in a folder that can be copied, served or opened from disk.

    Raises:
        SiteError: for a fault in the pages.
        FileExistsError: if `out` has a file that is not of such a site, or was changed since.
        ValueError, CourseError, OSError: as `run_course`.
    """
    check_free(out, True, "index.html")
    ownership.check_replaceable(out)  # before the minutes that the course takes, and after them
    executed = run_course(parameters, only, jobs=jobs).parent
    settings = _settings(check_parameters(parameters)).replace(str(parameters["data"]), Path(parameters["data"]).name)
    print("Making the pages (a minute or two) ...", flush=True)
    with atomic_folder(out, True, "index.html") as folder:
        build_site(executed, notebooks(), folder, settings, outcome(executed).html())
        ownership.check_replaceable(out)
        ownership.finish_as(out, folder)
    megabytes = sum(file.stat().st_size for file in out.rglob("*") if file.is_file()) / 1e6
    print(f"The site ({megabytes:.0f} MB): {out / 'index.html'}")
    return out / "index.html"


def _at_a_time(profile: str) -> int:
    # In the paper's profile two lessons would share a GPU.
    enough = cores() >= 2 and psutil.virtual_memory().available >= _GB_OF_TWO * 2**30
    return 2 if enough and profile != "paper" else 1


def _lessons(
    chosen: Sequence[Path], folder: Path, parameters: Mapping[str, Any], jobs: int, pages: ThreadPoolExecutor
) -> list[_Row]:
    """Execute notebooks, `jobs` at a time; if one stops, or on Ctrl-C, the others are ended."""
    stopped = Event()

    def run(number: int, notebook: Path) -> list[_Row]:
        threads = max(1, cores() // min(jobs, 1 + len(chosen) - number))  # the last lesson will run alone
        env = surroundings(workspace.runs().resolve(), threads)  # kernels start in the notebooks' folder
        count = f"[{number}/{len(chosen)}]"
        try:
            return [] if stopped.is_set() else _lesson(notebook, folder, parameters, count, env, pages)
        except BaseException:
            stopped.set()
            raise

    pool = ThreadPoolExecutor(jobs)
    lessons = [pool.submit(run, number, notebook) for number, notebook in enumerate(chosen, 1)]
    try:
        for lesson in wait(lessons, return_when=FIRST_EXCEPTION).done:
            lesson.result()  # raises what stopped it
        return [row for lesson in lessons for row in lesson.result()]
    finally:
        # A lesson may begin a kernel at this moment: end kernels until no lesson runs.
        stopped.set()
        pool.shutdown(wait=False, cancel_futures=True)
        while running := [lesson for lesson in lessons if not lesson.done()]:
            end_kernels()
            wait(running, timeout=0.5)


def _lesson(
    notebook: Path,
    folder: Path,
    parameters: Mapping[str, Any],
    count: str,
    env: Mapping[str, str],
    pages: ThreadPoolExecutor,
) -> list[_Row]:
    """Execute one notebook into `folder`; returns its row of the index, or no row if the data lack its boxes."""
    _say(f"{count} {notebook.stem} ...")
    started, executed = time.perf_counter(), folder / notebook.name
    results = folder / f"{notebook.stem}.json"
    own = {name: value for name, value in parameters.items() if name in of_lesson(notebook.stem)}
    try:
        node = execute(notebook, executed, own | {"results": str(results)}, env=env, bar=True)
    except KernelDied as died:
        raise CourseError(
            f"{notebook.name} stopped: {died}. Close other programs, or choose fewer images (max_per_class), and run "
            "it again: finished models are found again"
        ) from None
    except NotebookStopped as stopped:
        if stopped.error == NoBoxes.__name__:
            _say(f"{count} {notebook.stem}: left out. {stopped.value}")
            executed.unlink()
            return []
        raise CourseError(f"{notebook.name} stopped at {stopped} (see {executed})") from None
    ownership.finish(folder, [executed.name, results.name])
    seconds = time.perf_counter() - started
    _say(f"{count} {notebook.stem}: {seconds:.0f} s")
    return [(pages.submit(to_html, executed), title(node), f"{seconds:.0f} s; {results.name}")]


def _say(words: str) -> None:
    """Print a line without breaking the bars."""
    with tqdm.external_write_mode():
        print(words, flush=True)


@dataclass(frozen=True)
class Outcome:
    """The result of a course: lesson 5's comparison, mean and 95 % interval over the seeds, and its conclusions.

    Args:
        head: the data, the rare class, the number of seeds.
        table: a row for each model.
        sentences: the paired differences, and the ink test.
    """

    head: str
    table: pd.DataFrame | None = None
    sentences: tuple[str, ...] = ()

    def text(self) -> str:
        """For a terminal."""
        head = self.head
        if self.table is not None:
            head = f"{head}\n{self.table.to_string()}"
        return "\n\n".join([head, *self.sentences])

    def html(self) -> str:
        """For a page."""
        parts = [f"<p>{html.escape(text)}</p>".replace("\n", "<br>") for text in (self.head, *self.sentences)]
        if self.table is not None:
            parts.insert(1, self.table.to_html(border=0))
        return "\n".join(parts)


def outcome(folder: Path) -> Outcome:
    """The result of the course in this folder."""
    file = folder / f"{TRAINING_LESSON}.json"
    if not file.exists():
        return Outcome("Lesson 5 was not run, so there is no comparison to print.")
    results = json.loads(file.read_text(encoding="utf-8"))
    figures = results["figures"]
    runs = pd.DataFrame(figures["runs"])
    seeds = runs.seed.nunique()
    interval = " ± 95 % interval" * (seeds > 2)
    head = f"{results['data']}; rare class {figures['rare']}; mean{interval} over {seeds} seeds"
    table = with_intervals(summary(runs)).rename(columns=label_of)
    return Outcome(head, table, (figures["claim"], figures["without"], figures["ink"]))
