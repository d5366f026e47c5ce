"""Make the tables that lesson 7 shows next to its own runs, in `results/`: all strategies, peers, several rare classes,
one stage; laptop profile, 5 seeds, on drawn skin whose rarest class has a mark that misleads.

Run it with the project's environment: `.venv/bin/python docs/compare_strategies.py`; names of tables choose some. What
has been trained is found again.
"""

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

from carekit.experiment import sidecar as results
from carekit.research.setting import Setting, open_setting
from carekit.research.studies import treatments
from carekit.research.studies.engine import compare_arms
from carekit.research.studies.treatments import Arms
from carekit.strategies import STRATEGIES

SEEDS = 5


def comparisons(lesson: Setting, names: Sequence[str], images: bool) -> dict[str, Arms]:
    """Name of a table -> what it compares. `images`: also what needs the images themselves, and so far more time."""
    names = [name for name in names if images or not STRATEGIES[name].needs_images]
    return {
        "strategies": treatments.strategies(lesson.arm, names),
        "peers": treatments.peers(lesson.arm, images),
        "rare_classes": treatments.rare_classes(lesson.arm, treatments.rarest_classes(lesson)),
        "one_stage": treatments.one_stage(lesson.arm),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="strategies, peers, rare_classes, one_stage (default: all)")
    parser.add_argument("--profile", default="laptop")
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--out", type=Path, help="folder (results)")
    parser.add_argument("--kept-features", action="store_true", help="leave out what needs the images themselves")
    parser.add_argument("--only", nargs="*", metavar="STRATEGY", help="strategies of the first table (default: all)")
    options = parser.parse_args()
    lesson = open_setting({"profile": options.profile, "seeds": options.seeds})
    tables = comparisons(lesson, treatments.chosen(options.only or "all"), not options.kept_features)
    for name in options.names:
        if name not in tables:
            parser.error(f"there is no table {name!r}: choose from {', '.join(tables)}")
    flags = f" --only {' '.join(options.only)}" if options.only else ""
    flags += f" --seeds {options.seeds}" * (options.seeds != SEEDS) + " --kept-features" * options.kept_features
    for name in options.names or tables:
        started = time.perf_counter()
        arms, controls = tables[name]
        table = compare_arms(lesson, arms, controls, lesson.seeds)
        seconds = time.perf_counter() - started
        path = results.write(
            name,
            table,
            data=[lesson.data],
            seconds=seconds,
            command=f"python docs/compare_strategies.py {name}{flags}",
            out=options.out,
            profile=options.profile,
            seeds=lesson.seeds,
            care=lesson.care.parameters(),
            cpu_seconds=round(float(table.cpu_seconds.sum())),
            controls=controls,
        )
        print(f"{path}: {len(table)} runs, {seconds:.0f} s, {table.cpu_seconds.sum():.0f} s of one core")


if __name__ == "__main__":
    main()
