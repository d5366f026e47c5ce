"""Finished runs as tidy rows: every metric, recall at the control's false alarms, and the ink test."""

import json
from collections.abc import Mapping, Sequence

import pandas as pd

from carekit.experiment import Run, scores
from carekit.ground import workspace
from carekit.ground.folders import whole_file
from carekit.research.setting.ink_runs import ink_test
from carekit.research.setting.setting import Setting

INK = ("others", "others_called_rare", "others_turned", "peak_in_box")


def tidy(runs: Sequence[Run], controls: Mapping[str, str], lesson: Setting) -> pd.DataFrame:
    """One row a run: arm, seed, every metric, `rare_recall_equal`, seconds of one core, and the ink test.

    Args:
        runs: of one call of `carekit.experiment.compare`.
        controls: arm -> the arm whose number of false alarms it is allowed; an arm that is not here is its own.
        lesson: the data and the profile that the runs were made with.
    """
    ink = pd.DataFrame([ink_counts(run, lesson) for run in runs])
    return scores(runs, controls).assign(cpu_seconds=[run.cpu_seconds for run in runs]).join(ink)


def ink_counts(run: Run, lesson: Setting) -> dict[str, float]:
    """The counts of the ink test of one run, `ink_` before each name; kept, since studies share runs."""
    about = {"run": run.checkpoint.stem, "data": lesson.data.fingerprint(), "mark": lesson.mark}
    path = workspace.runs() / "ink" / f"{workspace.key('carekit.research.setting.ink_runs', **about)}.json"
    if not path.is_file():
        counts = ink_test(lesson, [run]).iloc[0]
        with whole_file(path) as new:
            new.write_text(json.dumps({f"ink_{name}": int(counts[name]) for name in INK}), encoding="utf-8")
    found: dict[str, float] = json.loads(path.read_text(encoding="utf-8"))
    return found
