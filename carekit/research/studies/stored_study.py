"""Rows of a kept study of the paper, where a lesson has no minutes to train them."""

from typing import TYPE_CHECKING

import pandas as pd

from carekit.experiment import sidecar as results

if TYPE_CHECKING:
    from carekit.research.setting.setting import Setting


def kept_study(name: str, lesson: "Setting") -> pd.DataFrame:
    """The rows of a study on drawn images of the lesson's kind, with or without the mark as here; prints whose.

    Args:
        name: of the study: "table9".
        lesson: what its data are, decides which rows.

    Returns:
        As the study wrote them, the ink test's counts under the names that the lessons have for them. Empty
        where none are kept; the command that makes them is printed then.

    Raises:
        ValueError: for results that were changed since they were written.
    """
    command = f"python -m carekit study {name}"
    try:
        table, about = results.read(name)
    except FileNotFoundError:
        print(f"No results of {name} are kept: `{command}` makes them.")
        return pd.DataFrame()
    condition = "mark" if lesson.misled else "no mark"
    found = table[(table["set"] == lesson.kind.name) & (table.condition == condition)]
    of = f"{lesson.kind.name}, {condition}, the usual parameters; seeds {about['seeds']}, profile {about['profile']}"
    print(f"Kept by `{command}`: {len(found)} runs ({of}).")
    return found.rename(columns=lambda column: column.removeprefix("ink_"))
