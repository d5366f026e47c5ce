"""The one engine of comparisons: arms and their controls in, one tidy table out; lessons, studies and documents use it.

The names of its columns are those of every table in `results`.
"""

import json
from collections.abc import Mapping, Sequence

import pandas as pd

from carekit.experiment import PRETRAINED, Arm, Run, compare, scores
from carekit.ground import workspace
from carekit.ground.folders import whole_file
from carekit.research.setting.ink_runs import ink_test
from carekit.research.setting.setting import Setting

INK = ("others", "others_called_rare", "others_turned", "peak_in_box")  # counts of the ink test that a table keeps


def compare_arms(
    lesson: Setting, arms: Mapping[str, Arm], controls: Mapping[str, str], seeds: Sequence[int], ink: bool = True
) -> pd.DataFrame:
    """Train every arm for every seed, and judge it.

    Args:
        lesson: the data and the profile.
        arms: name -> how it is trained.
        controls: arm -> the arm whose number of false alarms it is allowed; an arm that is not here is its own.
        seeds: one run of each arm for each.
        ink: whether to count the ink test.

    Returns:
        One row a run: arm, seed, every metric, `rare_recall_equal` (recall at the control's number of false alarms),
        `cpu_seconds` of one core, and the counts of the ink test, `ink_` before each name.

    Raises:
        ValueError, OSError: as `carekit.experiment.compare`.
    """
    runs = [run for run in compare(lesson.data, lesson.profile, arms, seeds) if run.arm != PRETRAINED]
    table = scores(runs, controls).assign(cpu_seconds=[run.cpu_seconds for run in runs])
    if ink:
        table = table.join(ink_counts(runs, lesson))
    return table


def ink_counts(runs: Sequence[Run], lesson: Setting) -> pd.DataFrame:
    """The counts of the ink test, a row a run in their order, `ink_` before each name; kept, since studies share runs.

    Args:
        runs: of one call of `carekit.experiment.compare`.
        lesson: the data and the profile that they were made with.
    """
    data = {"data": lesson.data.fingerprint(), "mark": lesson.mark}
    # A run, its data and the mark decide the counts; the path of the checkpoint names all that decides a run.
    paths = []
    for run in runs:
        key = workspace.key("carekit.research.setting.ink_runs", run=run.checkpoint.stem, **data)
        paths.append(workspace.runs() / "ink" / f"{key}.json")
    missing = [(run, path) for run, path in zip(runs, paths, strict=True) if not path.is_file()]
    if missing:
        counts = ink_test(lesson, [run for run, _ in missing])
        for (_, path), row in zip(missing, counts.to_dict("records"), strict=True):
            with whole_file(path) as new:
                new.write_text(json.dumps({f"ink_{name}": int(row[name]) for name in INK}), encoding="utf-8")
    return pd.DataFrame([json.loads(path.read_text(encoding="utf-8")) for path in paths])
