"""`python -m carekit ...`: the course, the tests, the notebooks and the benchmarks, each in one command."""

import argparse
import io
import json
import os
import pkgutil
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

from carekit.ground import environment
from carekit.ground.lint import CHECKS, run_checks
from carekit.ground.messages import printable, sentence
from carekit.ground.orphans import end_quickly
from carekit.material.autobox.command_line import add_boxes_arguments, add_segment_arguments, run_boxes, run_segment
from carekit.research.batch.command_line import add_batch_arguments, add_collect_arguments, run_batch, run_collect

EXTRAS = {
    "course": ["course"],
    "lab": ["course"],
    "site": ["course", "site"],
    "prepare": ["data"],
    "check": ["data"],
    "sheet": ["course"],
    "boxes": ["course"],
    "segment": ["data"],
    "batch": ["course"],
    "collect": ["course"],
    "study": ["course"],
    "test": ["course", "cluster", "data", "dev", "interop", "site"],
    "bench": ["course", "bench"],
    "lint": ["course", "data", "lint"],
    "docs": ["course", "data", "docs"],
}


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns its exit status."""
    options, rest = _parser().parse_known_args(arguments)
    if rest and options.command not in ("test", "lab", "prepare"):
        _parser().error(f"unrecognised arguments: {' '.join(rest)}")
    environment.enter(EXTRAS[options.command])
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal may not know every letter of a sentence
    try:
        return _COMMANDS[options.command](options, rest)
    except KeyboardInterrupt:
        print("\nInterrupted. Finished runs are kept: the same command goes on from there.", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m carekit", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    course = commands.add_parser("course", help="run all lessons headless and print what came out")
    course.add_argument("--out", type=Path, help="folder for the executed notebooks and pages")
    site = commands.add_parser("site", help="the course as a site and as slides, which need no kernel and no network")
    site.add_argument("--out", type=Path, default=Path("site"), help="folder for the site (site)")
    for each in (course, site):
        each.add_argument("--profile", default="laptop", help="fast, laptop (default) or paper")
        each.add_argument("--data", default="synthetic", help="synthetic (skin), synthetic-chest, or a prepared folder")
        each.add_argument("--seeds", type=int, default=3, help="runs for each figure (default 3)")
        each.add_argument("--only", default="", help="only lessons with this in their name, such as 05")
        each.add_argument(
            "--jobs", type=int, default=0, help="lessons at a time (two, where cores and memory allow it)"
        )
        each.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE", help="further notebook parameters")
    commands.add_parser("lab", help="open JupyterLab on the first lesson")
    commands.add_parser("prepare", help="make a data set of a folder or archive of images (--help)", add_help=False)
    check = commands.add_parser("check", help="look a data set over, raw or prepared, and say what is wrong")
    check.add_argument("path", type=Path, help="folder or archive")
    check.add_argument("--workers", type=int, help="processes (as many as there are cores)")
    check.add_argument("--json", action="store_true", help="print the findings as JSON")
    sheet = commands.add_parser("sheet", help="draw some images of each class, of one data set beside another")
    sheet.add_argument("data", nargs="+", help="synthetic-skin, synthetic-chest, or folders of prepared data sets")
    sheet.add_argument("--out", type=Path, default=Path("sheet.png"), help="picture to write (sheet.png)")
    sheet.add_argument("--size", type=int, default=224, help="pixels of a drawn image (224)")
    sheet.add_argument("--columns", type=int, default=6, help="images of each class (6)")
    sheet.add_argument("--seed", type=int, default=0, help="which images")
    sheet.add_argument("--boxes", action="store_true", help="draw the boxes, too")
    add_boxes_arguments(commands.add_parser("boxes", help="find boxes without an annotator: DSR, BMS, DeepLabV3, CAM"))
    add_segment_arguments(commands.add_parser("segment", help="train a segmentation that finds boxes"))
    add_batch_arguments(commands.add_parser("batch", help="run a notebook over a grid of parameters"))
    add_collect_arguments(commands.add_parser("collect", help="put the runs of batches into one table"))
    _add_study_arguments(commands.add_parser("study", help="run tables and figures of the paper, and judge its claims"))
    commands.add_parser("test", help="run the tests; further arguments go to pytest")
    bench = commands.add_parser("bench", help="measure speed as ratios, side by side")
    bench.add_argument("names", nargs="*", help="which benchmarks (default: all)")
    lint = commands.add_parser("lint", help="what a machine can say about the code: style, types, layers")
    lint.add_argument("names", nargs="*", help=f"which checks: {', '.join(CHECKS)} (default: all)")
    commands.add_parser("docs", help="make the API's pages from the docstrings, in docs/api")
    return parser


def _add_study_arguments(study: argparse.ArgumentParser) -> None:
    study.add_argument("names", nargs="*", help="which, such as table5 fig8; or all")
    study.add_argument("--list", action="store_true", help="say which studies there are")
    study.add_argument("--profile", default="laptop", help="fast, laptop (default) or paper")
    study.add_argument("--seeds", type=int, default=5, help="runs of each row (default 5)")
    study.add_argument("--data", help="a prepared folder in the place of the drawn sets")
    study.add_argument("--mark", default="", help="plant this mark on real data, too: ink, ruler, chart or marker")
    study.add_argument("--max-per-class", type=int, default=0, help="at most so many images of each class (0: all)")
    study.add_argument("--folds", type=int, default=5, help="parts of the cross-validation in ham10000 (default 5)")
    study.add_argument("--segmentation", help="weights of `segment train`, for boxes by DeepLabV3 on real data")
    study.add_argument("--out", type=Path, help="folder for the results (results)")


def _course(options: argparse.Namespace, _rest: list[str]) -> int:
    from carekit.course.pages.course import CourseError, make_site, run_course
    from carekit.course.pages.site import SiteError
    from carekit.ground.settings_as_data import parse

    parameters = {"profile": options.profile, "data": options.data, "seeds": options.seeds}
    try:
        for pair in options.set:
            name, equals, value = pair.partition("=")
            if not equals:
                raise ValueError(f"--set {pair!r} has no value: write NAME=VALUE, such as tau=0.5")
            if name == "results":
                raise ValueError("results is set by the course, a file for each lesson: choose their folder with --out")
            parameters[name] = parse(value)
        (make_site if options.command == "site" else run_course)(parameters, options.only, options.out, options.jobs)
    except (ValueError, OSError, CourseError, SiteError) as error:
        return _told(error)
    return 0


def _told(error: Exception) -> int:
    """Print what is wrong; returns the exit status."""
    print(sentence(error), file=sys.stderr)
    return 2


def _lab(_options: argparse.Namespace, rest: list[str]) -> NoReturn:
    first = environment.ROOT / "notebooks" / "00_the_ink_detective.ipynb"
    os.environ["PYTHONPATH"] = environment.python_path()  # for the kernels
    environment.hand_over([sys.executable, "-m", "jupyterlab", str(first), *rest])


def _prepare(_options: argparse.Namespace, rest: list[str]) -> int:
    from carekit.material.intake.doctor.page import write_page
    from carekit.material.intake.preparing.command_line import run_prepare

    return run_prepare(rest, write_page)


def _check(options: argparse.Namespace, _rest: list[str]) -> int:
    from carekit.material.intake.doctor.examine import examine

    try:
        report = examine(options.path, options.workers)
    except OSError as error:
        return _told(error)
    if options.json:
        print(json.dumps(report.as_dict(), indent=2, ensure_ascii=False))
    else:
        print(printable(f"{report.path}: {report.kind}"))
        for finding in report.findings:
            print(printable(f"{finding.level}: {finding.text}"))
        print("No errors." if report.healthy else "There are errors.")
    return 0 if report.healthy else 1


def _sheet(options: argparse.Namespace, _rest: list[str]) -> int:
    from carekit.research.figures.sheet import draw_sheet

    try:
        draw_sheet(options.data, options.out, options.size, options.columns, options.seed, options.boxes)
    except (ValueError, OSError) as error:
        return _told(error)
    print(f"Drawn: {options.out}")
    return 0


def _study(options: argparse.Namespace, _rest: list[str]) -> int:
    from carekit.research.studies.command_line import run_command

    try:
        run_command(options)
    except (ValueError, OSError) as error:
        print(sentence(error), file=sys.stderr)
        return 2
    return 0


def _test(_options: argparse.Namespace, rest: list[str]) -> NoReturn:
    os.chdir(environment.ROOT)
    environment.hand_over([sys.executable, "-m", "pytest", *rest])


def _bench(options: argparse.Namespace, _rest: list[str]) -> int:
    found = {path.stem: path for path in sorted((environment.ROOT / "benchmarks").glob("[a-z]*.py"))}
    unknown = [name for name in options.names if name not in found]
    if unknown:
        print(f"carekit: there is no benchmark {unknown[0]!r}: choose from {', '.join(found)}", file=sys.stderr)
        return 2
    for name in options.names or found:
        status = subprocess.call([sys.executable, str(found[name])])
        if status:
            return status
    return 0


def _lint(options: argparse.Namespace, _rest: list[str]) -> int:
    unknown = [name for name in options.names if name not in CHECKS]
    if unknown:
        print(f"carekit: there is no check {unknown[0]!r}: choose from {', '.join(CHECKS)}", file=sys.stderr)
        return 2
    return run_checks(options.names or list(CHECKS))


def _docs(_options: argparse.Namespace, _rest: list[str]) -> int:
    import pdoc

    import carekit

    vars(carekit).update({name: getattr(carekit, name) for name in dir(carekit)})  # pdoc does not load what is lazy
    out = environment.ROOT / "docs" / "api"
    pdoc.render.configure(docformat="google")
    rooms = [room.name for room in pkgutil.iter_modules(carekit.__path__, "carekit.")]
    pdoc.pdoc("carekit", *rooms, output_directory=out)
    print(f"Made: {out / 'index.html'}")
    return 0


_COMMANDS = {
    "course": _course,
    "lab": _lab,
    "site": _course,
    "prepare": _prepare,
    "check": _check,
    "sheet": _sheet,
    "boxes": lambda options, _rest: run_boxes(options),
    "segment": lambda options, _rest: run_segment(options),
    "batch": lambda options, _rest: run_batch(options),
    "collect": lambda options, _rest: run_collect(options),
    "study": _study,
    "test": _test,
    "bench": _bench,
    "lint": _lint,
    "docs": _docs,
}

if __name__ == "__main__":
    end_quickly()
    sys.exit(main())
