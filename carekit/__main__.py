"""`python -m carekit ...`: the course, the tests, the notebooks and the benchmarks, each in one command."""

import argparse
import os
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

from carekit import environment

EXTRAS = {"course": ["course"], "lab": ["course"], "test": ["course", "data", "dev"], "bench": ["course", "bench"]}


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns its exit status."""
    options, rest = _parser().parse_known_args(arguments)
    if rest and options.command not in ("test", "lab"):
        _parser().error(f"unrecognised arguments: {' '.join(rest)}")
    environment.enter(EXTRAS[options.command])
    try:
        return {"course": _course, "lab": _lab, "test": _test, "bench": _bench}[options.command](options, rest)
    except KeyboardInterrupt:
        print("\nInterrupted. Finished runs are kept: the same command goes on from there.", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m carekit", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    course = commands.add_parser("course", help="run all lessons headless and print what came out")
    course.add_argument("--profile", default="laptop", help="fast, laptop (default) or paper")
    course.add_argument("--data", default="synthetic", help="folder of a prepared data set (default: synthetic)")
    course.add_argument("--seeds", type=int, default=3, help="runs for each figure (default 3)")
    course.add_argument("--only", default="", help="only lessons with this in their name, such as 05")
    course.add_argument("--out", type=Path, help="folder for the executed notebooks and pages")
    course.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE", help="further notebook parameters")
    commands.add_parser("lab", help="open JupyterLab on the first lesson")
    commands.add_parser("test", help="run the tests; further arguments go to pytest")
    bench = commands.add_parser("bench", help="measure speed as ratios, side by side")
    bench.add_argument("names", nargs="*", help="which benchmarks (default: all)")
    return parser


def _course(options: argparse.Namespace, _rest: list[str]) -> int:
    from carekit.course import CourseError, run_course
    from carekit.lessons.parameters import parse

    parameters = {"profile": options.profile, "data": options.data, "seeds": options.seeds}
    try:
        for pair in options.set:
            name, equals, value = pair.partition("=")
            if not equals:
                raise ValueError(f"--set {pair!r} has no value: write NAME=VALUE, such as tau=0.5")
            parameters[name] = parse(value)
        run_course(parameters, options.only, options.out)
    except (ValueError, FileNotFoundError, CourseError) as error:
        print(f"carekit: {error}", file=sys.stderr)
        return 2
    return 0


def _lab(_options: argparse.Namespace, rest: list[str]) -> NoReturn:
    first = environment.ROOT / "notebooks" / "01_data_imbalance.ipynb"
    environment.hand_over([sys.executable, "-m", "jupyterlab", str(first), *rest])


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


if __name__ == "__main__":
    sys.exit(main())
