"""`python -m carekit batch` and `python -m carekit collect`: their options, and the two commands.

Nothing that must be installed is imported at the top: the command line starts before anything is installed.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from carekit.ground.messages import Refusal, sentence

if TYPE_CHECKING:
    from carekit.research.batch.plan import Plan
    from carekit.research.batch.point import Outcome

SHOWN = 20  # runs that a dry run lists


def add_batch_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `batch`."""
    parser.add_argument("notebook", type=Path, help="any notebook with a parameters cell")
    grid = "values of a parameter: tau=0.2,0.5 or seed=0..4; once for each parameter"
    parser.add_argument("--grid", action="append", default=[], metavar="NAME=VALUES", help=grid)
    parser.add_argument("--out", type=Path, help="folder for the runs (batch-NOTEBOOK in the workspace's runs)")
    parser.add_argument("--jobs", type=int, help="runs at a time (as many as there are cores)")
    parser.add_argument("--dry-run", action="store_true", help="only show the plan")
    parser.add_argument("--yes", action="store_true", help="allow more than 1,000 runs")
    parser.add_argument("--timeout", type=float, metavar="SECONDS", help="end a run that takes longer")
    parser.add_argument("--memory", type=float, metavar="GB", help="end a run whose processes take more")
    parser.add_argument("--scheduler", metavar="ADDRESS", help="run on the cluster of this Dask scheduler")


def add_collect_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `collect`."""
    parser.add_argument("folder", type=Path, help="folder of a batch, or of several")
    parser.add_argument("--out", type=Path, default=Path("results.csv"), help="table to write (results.csv)")


def run_collect(options: argparse.Namespace) -> int:
    """Write the table, print the remarks on it, and return the exit status."""
    from carekit.research.batch.collect import collect
    from carekit.research.batch.records import write_text

    try:
        table, remarks = collect(options.folder)
        options.out.parent.mkdir(parents=True, exist_ok=True)
        write_text(options.out, table.to_csv(index=False))
    except (ValueError, OSError) as error:
        print(sentence(error), file=sys.stderr)
        return 2
    print(*remarks, f"{len(table)} rows of {table.run.nunique()} runs: {options.out}", sep="\n")
    return 0


def run_batch(options: argparse.Namespace) -> int:
    """Run what is not finished, print the outcome, and return the exit status: 1 if runs failed."""
    from joblib import cpu_count

    from carekit.research.batch.cluster import run_there
    from carekit.research.batch.point import Limits
    from carekit.research.batch.records import FAILED, alone_in, check_batch, open_batch
    from carekit.research.batch.slot import run_here

    jobs = _jobs(options)
    limits = Limits(options.timeout, options.memory, max(1, cpu_count() // (jobs or 1)))
    plan = _plan(options)
    check_batch(plan.out, plan.notebook.path.name)
    print(*filter(None, [plan.notebook.remark, plan.words(jobs)]), sep="\n", flush=True)
    if options.dry_run:
        _list(plan)
        return 0
    with alone_in(plan.out):
        open_batch(plan.out, plan.notebook.path.name)
        waiting = plan.waiting
        if not waiting:
            return 0
        outcomes = run_here(waiting, limits, jobs) if jobs else run_there(waiting, limits, options.scheduler)
        failed = _follow(outcomes, plan, len(waiting))
    print(f"{len(waiting) - failed} runs finished, {failed} failed.")
    if failed:
        print(f"What the failed ones left is in {plan.out / FAILED}; the same command tries them again.")
    print(f"As one table: python -m carekit collect {plan.out} --out results.csv")
    return 1 if failed else 0


def _jobs(options: argparse.Namespace) -> int | None:
    """Runs at a time; None if a cluster decides."""
    from joblib import cpu_count

    if options.jobs is not None and options.jobs < 1:
        raise ValueError(f"--jobs {options.jobs} is too small: choose at least 1")
    if options.scheduler and options.jobs is not None:
        raise ValueError("--jobs is for this machine: a cluster runs as many at a time as its workers have threads")
    return None if options.scheduler else options.jobs or cpu_count()


def _plan(options: argparse.Namespace) -> "Plan":
    from carekit.ground import workspace
    from carekit.research.batch.grid import MANY, parse_grid, size
    from carekit.research.batch.notebook import read_notebook
    from carekit.research.batch.plan import make_plan

    notebook = read_notebook(options.notebook)
    texts = [name for name, default in notebook.defaults.items() if isinstance(default, str)]
    grid = parse_grid(options.grid, texts)
    if size(grid) > MANY and not options.yes:
        raise ValueError(f"{size(grid):,} runs are many: add --yes to run them all, or choose fewer values")
    out = options.out or workspace.runs() / f"batch-{notebook.path.stem}"
    return make_plan(notebook, grid, out.resolve())


def _list(plan: "Plan") -> None:
    waiting = plan.waiting
    for point in waiting[:SHOWN]:
        print(f"  {point.settings}")
    if len(waiting) > SHOWN:
        print(f"  ... and {len(waiting) - SHOWN} more")


def _follow(outcomes: "Iterator[Outcome]", plan: "Plan", total: int) -> int:
    """Show a bar with the time left, and each failure when it happens; return the number of failed runs."""
    from tqdm import tqdm

    settings = {point.name: point.settings for point in plan.runs}
    failed = 0
    with tqdm(total=total, desc=plan.notebook.path.stem, unit="run", smoothing=0.1) as bar:
        for outcome in outcomes:
            if outcome.full:
                raise Refusal(f"the disk of {plan.out} is full: make room, and the same command goes on from there")
            if outcome.reason:
                failed += 1
                bar.write(f"failed: {settings[outcome.name]}: {outcome.reason}", file=sys.stderr)
            bar.update()
    return failed
