"""`python -m carekit ...`: the course, the tests, the notebooks and the benchmarks, each in one command.

A command is one function with `@command`. What must be installed is imported inside the functions: `--help`,
`--version` and the sentence for a wrong name need nothing but Python.
"""

import io
import json
import os
import pkgutil
import subprocess
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Collection
from pathlib import Path
from typing import NamedTuple, NoReturn, TypeVar

import carekit
from carekit.ground import environment
from carekit.ground.lint import CHECKS, run_checks
from carekit.ground.messages import Refusal, one_of, printable, sentence
from carekit.ground.orphans import end_quickly
from carekit.material.autobox.command_line import (
    METHODS,
    add_boxes_arguments,
    add_segment_arguments,
    run_boxes,
    run_segment,
)
from carekit.research.batch.command_line import add_batch_arguments, add_collect_arguments, run_batch, run_collect

PROFILES = ("fast", "laptop", "paper")  # as `carekit.experiment.profiles` has them, which needs torch
BENCHMARKS = {path.stem: path for path in sorted((environment.ROOT / "benchmarks").glob("[a-z]*.py"))}


class Command(NamedTuple):
    """A command of the command line.

    Args:
        help: one line for the list of commands.
        extras: of the package, which are installed before it runs.
        run: options -> exit status.
        add_options: adds its options to a parser.
        check_names: raises ValueError for a name that does not exist, before anything is installed or imported.
        takes_more: other arguments are allowed, in `options.more`.
    """

    help: str
    extras: tuple[str, ...]
    run: Callable[[Namespace], int]
    add_options: Callable[[ArgumentParser], None]
    check_names: Callable[[Namespace], object]
    takes_more: bool


COMMANDS: dict[str, Command] = {}
Run = TypeVar("Run", bound=Callable[[Namespace], int])


def command(
    name: str,
    help: str,
    *extras: str,
    add_options: Callable[[ArgumentParser], None] = lambda _: None,
    check_names: Callable[[Namespace], object] = lambda _: None,
    takes_more: bool = False,
) -> Callable[[Run], Run]:
    """Decorator: make a function a command, as `Command`."""

    def add(run: Run) -> Run:
        COMMANDS[name] = Command(help, extras, run, add_options, check_names, takes_more)
        return run

    return add


def start() -> int:
    """Run a command in a process of its own: `python -m carekit`, and the script `carekit`."""
    end_quickly()
    return main()


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns its exit status: 2 for a sentence about bad input, 130 after Ctrl-C."""
    parser = _parser()
    options, more = parser.parse_known_args(arguments)
    options.more = more
    chosen = COMMANDS[options.command]
    if options.more and not chosen.takes_more:
        parser.error(f"unrecognised arguments: {' '.join(options.more)}")
    try:
        chosen.check_names(options)  # before the minutes that an installation takes
        environment.enter(list(chosen.extras))
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="replace")  # a terminal may lack letters of a sentence
        return chosen.run(options)
    except KeyboardInterrupt:
        print("\nInterrupted. Finished runs are kept: the same command goes on from there.", file=sys.stderr)
        return 130
    except (ValueError, OSError, Refusal) as error:
        print(sentence(error), file=sys.stderr)
        return 2


def _parser() -> ArgumentParser:
    # The usage line shows what the user has typed.
    started_as_script = Path(sys.argv[0]).stem == "carekit"
    program = "carekit" if started_as_script else "python -m carekit"
    parser = ArgumentParser(prog=program, description="The course, the tests, the notebooks and the benchmarks.")
    parser.add_argument("--version", action="version", version=f"carekit {carekit.__version__}")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, entry in COMMANDS.items():
        # `prepare` answers --help itself: its options depend on the layouts that it knows.
        entry.add_options(commands.add_parser(name, help=entry.help, add_help=name != "prepare"))
    return parser


def _add_course_options(parser: ArgumentParser) -> None:
    parser.add_argument("--profile", default="laptop", help="fast, laptop (default) or paper")
    parser.add_argument("--data", default="synthetic", help="synthetic (skin), synthetic-chest, or a prepared folder")
    parser.add_argument("--seeds", type=int, default=3, help="runs for each figure (default 3)")
    parser.add_argument("--only", default="", help="only lessons with this in their name, such as 05")
    parser.add_argument("--jobs", type=int, default=0, help="lessons at a time (two, if cores and memory allow it)")
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE", help="further notebook parameters")
    out = "folder for the executed notebooks and pages (course) or for the site (site)"
    parser.add_argument("--out", type=Path, help=out)


def _check_profile(options: Namespace) -> None:
    if options.profile not in PROFILES:
        raise ValueError(f"profile = {options.profile!r} is out of range: choose one of {', '.join(PROFILES)}")


def _known_names(what: str, known: Collection[str]) -> Callable[[Namespace], None]:
    """A check that all of `options.names` are known."""

    def check(options: Namespace) -> None:
        for name in options.names:
            if name not in known:
                raise ValueError(f"there is no {what} {name!r}: choose from {', '.join(known)}")

    return check


def _names_of(what: str, known: Collection[str]) -> Callable[[ArgumentParser], None]:
    """Adds the option `names`."""

    def add(parser: ArgumentParser) -> None:
        parser.add_argument("names", nargs="*", help=f"names of {what}s: {', '.join(known)} (default: all)")

    return add


@command(
    "site",
    "the course as a site and as slides, which need no kernel and no network",
    *("course", "site"),
    add_options=_add_course_options,
    check_names=_check_profile,
)
@command(
    "course",
    "run all lessons headless and print the result",
    "course",
    add_options=_add_course_options,
    check_names=_check_profile,
)
def _course(options: Namespace) -> int:
    """`course` and `site`."""
    from carekit.course.pages.course import make_site, run_course
    from carekit.ground.settings_as_data import literal

    parameters = {"profile": options.profile, "data": options.data, "seeds": options.seeds}
    for pair in options.set:
        name, equals, value = pair.partition("=")
        if not equals:
            raise ValueError(f"--set {pair!r} has no value: write NAME=VALUE, such as tau=0.5")
        if name == "results":  # each lesson has its own file
            raise ValueError("results is set by the course, a file for each lesson: choose their folder with --out")
        parameters[name] = literal(value)
    if options.command == "site":
        make_site(parameters, options.only, options.out or Path("site"), options.jobs)
    else:
        run_course(parameters, options.only, options.out, options.jobs)
    return 0


@command("lab", "open JupyterLab on the first lesson", "course", takes_more=True)
def _lab(options: Namespace) -> NoReturn:
    first = environment.ROOT / "notebooks" / "00_the_ink_detective.ipynb"
    os.environ["PYTHONPATH"] = environment.python_path()  # for the kernels
    environment.hand_over([sys.executable, "-m", "jupyterlab", str(first), *options.more])


@command("prepare", "make a data set of a folder or archive of images (--help)", "data", takes_more=True)
def _prepare(options: Namespace) -> int:
    from carekit.material.intake.doctor.page import write_page
    from carekit.material.intake.preparing.command_line import run_prepare

    return run_prepare(options.more, write_page)


def _add_check_options(parser: ArgumentParser) -> None:
    parser.add_argument("path", type=Path, help="folder or archive")
    parser.add_argument("--workers", type=int, help="processes (as many as there are cores)")
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")


@command("check", "check a raw or prepared data set and list its problems", "data", add_options=_add_check_options)
def _check(options: Namespace) -> int:
    from carekit.material.intake.doctor.examine import examine

    report = examine(options.path, options.workers)
    if options.json:
        print(json.dumps(report.as_dict(), indent=2, ensure_ascii=False))
    else:
        print(printable(f"{report.path}: {report.kind}"))
        for line in report.account:
            print(printable(line))
        for finding in report.findings:
            print(printable(f"{finding.level}: {finding.text}"))
        print("No errors." if report.healthy else "There are errors.")
    return 0 if report.healthy else 1


def _add_sheet_options(parser: ArgumentParser) -> None:
    parser.add_argument("data", nargs="+", help="synthetic-skin, synthetic-chest, or folders of prepared data sets")
    parser.add_argument("--out", type=Path, default=Path("sheet.png"), help="picture to write (sheet.png)")
    parser.add_argument("--size", type=int, default=224, help="pixels of a drawn image (224)")
    parser.add_argument("--columns", type=int, default=6, help="images of each class (6)")
    parser.add_argument("--seed", type=int, default=0, help="which images")
    parser.add_argument("--boxes", action="store_true", help="draw the boxes, too")


@command("sheet", "draw some images of each class, of several data sets", "course", add_options=_add_sheet_options)
def _sheet(options: Namespace) -> int:
    from carekit.research.figures.sheet import draw_sheet

    draw_sheet(options.data, options.out, options.size, options.columns, options.seed, options.boxes)
    print(f"Drawn: {options.out}")
    return 0


def _add_study_options(parser: ArgumentParser) -> None:
    parser.add_argument("names", nargs="*", help="names of studies, such as table5 fig8; or all")
    parser.add_argument("--list", action="store_true", help="list the studies")
    parser.add_argument("--profile", default="laptop", help="fast, laptop (default) or paper")
    parser.add_argument("--seeds", type=int, default=5, help="runs of each row (default 5)")
    parser.add_argument("--data", help="a prepared folder instead of the drawn sets")
    parser.add_argument("--mark", default="", help="plant this mark on real data, too: ink, ruler, chart or marker")
    parser.add_argument("--max-per-class", type=int, default=0, help="at most this many images of each class (0: all)")
    parser.add_argument("--folds", type=int, default=5, help="parts of the cross-validation in ham10000 (default 5)")
    parser.add_argument("--sets", type=int, default=12, help="drawn data sets of the study drawn_sets (default 12)")
    parser.add_argument("--segmentation", help="weights of `segment train`, for boxes by DeepLabV3 on real data")
    parser.add_argument("--out", type=Path, help="folder for the results (results)")


@command(
    "study",
    "run tables and figures of the paper, and judge its claims",
    "course",
    add_options=_add_study_options,
    check_names=_check_profile,
)
def _study(options: Namespace) -> int:
    from carekit.research.studies.command_line import run_command

    run_command(options)
    return 0


@command(
    "test",
    "run the tests; further arguments go to pytest",
    *"course cluster data dev interop site".split(),
    takes_more=True,
)
def _test(options: Namespace) -> NoReturn:
    os.chdir(environment.ROOT)
    # Another process takes over, so that Ctrl-C and the exit status are pytest's.
    environment.hand_over([sys.executable, "-m", "pytest", *options.more])


@command(
    "bench",
    "measure speed as ratios, side by side",
    *("course", "bench"),
    add_options=_names_of("benchmark", BENCHMARKS),
    check_names=_known_names("benchmark", BENCHMARKS),
)
def _bench(options: Namespace) -> int:
    for name in options.names or BENCHMARKS:
        # One process each: what one benchmark has loaded must not slow the next.
        status = subprocess.call([sys.executable, str(BENCHMARKS[name])])
        if status:
            return status
    return 0


@command(
    "lint",
    "check the code by machine: style, types, layers",
    *("course", "data", "lint"),
    add_options=_names_of("check", CHECKS),
    check_names=_known_names("check", CHECKS),
)
def _lint(options: Namespace) -> int:
    return run_checks(options.names or list(CHECKS))


@command("docs", "make the API's pages from the docstrings, in docs/api/", "course", "data", "docs")
def _docs(_options: Namespace) -> int:
    import pdoc

    vars(carekit).update({name: getattr(carekit, name) for name in dir(carekit)})  # pdoc does not load lazy names
    out = environment.ROOT / "docs" / "api"
    pdoc.render.configure(docformat="google")
    # pdoc documents a package with what `__all__` names; the rooms are its modules.
    rooms = [room.name for room in pkgutil.iter_modules(carekit.__path__, "carekit.")]
    pdoc.pdoc("carekit", *rooms, output_directory=out)
    print(f"Made: {out / 'index.html'}")
    return 0


command(
    "boxes",
    "find boxes without an annotator: DSR, BMS, DeepLabV3, CAM",
    "course",
    add_options=add_boxes_arguments,
    check_names=lambda options: one_of("method", options.method, METHODS),
)(run_boxes)
command("segment", "train a segmentation that finds boxes", "data", add_options=add_segment_arguments)(run_segment)
command("batch", "run a notebook over a grid of parameters", "course", add_options=add_batch_arguments)(run_batch)
command("collect", "put the runs of batches into one table", "course", add_options=add_collect_arguments)(run_collect)

if __name__ == "__main__":
    sys.exit(start())
