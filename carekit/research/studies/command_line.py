"""`python -m carekit study`: which studies there are, and what they come to."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from carekit.experiment import sidecar as results
from carekit.ground.messages import one_of
from carekit.research.setting.parameters import check_parameters
from carekit.research.studies import STUDIES, Study, drawn_sets, ham10000, ham10000_settings
from carekit.research.studies.running import run_studies
from carekit.research.studies.verdicts import judge_claims

EVERY = "all"
REAL = {study.NAME: study.ABOUT for study in (ham10000, ham10000_settings)}
NAMES = (*STUDIES, *REAL, drawn_sets.NAME)


def list_studies() -> str:
    """One line a study: its name, its place in the paper, and what it compares."""
    lines = [f"{name:10} {study.where:9} {study.about}" for name, study in STUDIES.items()]
    lines.append(f"{drawn_sets.NAME:10} {'':9} {drawn_sets.ABOUT}")
    lines += [f"{name:10} {'':9} {about} (needs --data)" for name, about in REAL.items()]
    return "\n".join(lines)


def run_command(options: argparse.Namespace) -> None:
    """Run the studies that were named, and print the verdicts.

    Raises:
        ValueError, OSError: in one sentence.
    """
    names = [one_of("study", name, (*NAMES, EVERY)) for name in options.names]
    if options.list or not names:
        print(list_studies())
        return
    if EVERY in names:
        names = [*STUDIES, drawn_sets.NAME]
    settings: dict[str, Any] = {"profile": options.profile, "mark": options.mark, "seeds": options.seeds}
    if options.data:
        settings |= {"data": options.data, "max_per_class": options.max_per_class}
    check_parameters(settings)  # before the first study trains for hours
    for name in REAL:
        if name in names:
            _real_photographs(name, options)
    if drawn_sets.NAME in names:
        _over_drawn_sets(options)
    studies = [STUDIES[name] for name in names if name in STUDIES]
    if studies:
        seeds = range(options.seeds)
        paths = run_studies(studies, settings, seeds=seeds, out=options.out, segmentation=options.segmentation)
        for study, path in zip(studies, paths, strict=True):
            print(verdicts_in_words(study, path))


def verdicts_in_words(study: Study, path: Path) -> str:
    """One line a claim of the study and condition."""
    verdicts = judge_claims(study.as_claimed(results.read(path.stem, path.parent).table), study.claims)
    lines = []
    for row in verdicts.itertuples():
        claim = f"{row.data}, {row.condition}: {row.arm} {row.relation} {row.control} in {row.metric}"
        interval = f"{row.difference:+.3f} [{row.low:+.3f}, {row.high:+.3f}], {row.n} seeds"
        lines.append(f"  {row.verdict:9} {claim}: {interval}")
    return "\n".join([f"{study.where}:", *(lines or ["  no claim that these results can decide"])])


def _over_drawn_sets(options: argparse.Namespace) -> None:
    runs, gains = drawn_sets.run_drawn_sets({"profile": options.profile}, sets=options.sets, out=options.out)
    print(f"{runs}\n{gains}\n{drawn_sets.in_words(results.read(gains.stem, gains.parent).table)}")


def _real_photographs(name: str, options: argparse.Namespace) -> None:
    if not options.data:
        raise ValueError(f"study {name} needs --data FOLDER: prepare it with data_scripts/prepare_ham10000.py")
    run: Callable[..., list[Path]] = ham10000.run_ham10000
    if name == ham10000_settings.NAME:
        run = ham10000_settings.run_settings
    parameters = {"data": options.data, "profile": options.profile, "mark": options.mark or "ink"}
    most = options.max_per_class or None
    for path in run(parameters, seeds=range(options.seeds), count=options.folds, most=most, out=options.out):
        print(path)
