"""Fig. 1: how many images each class has."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from carekit.research.studies.ground import Ground
from carekit.research.studies.study import Study


@dataclass(frozen=True)
class Counts(Study):
    """Images of each class, of both parts; nothing is trained."""

    def run(self, ground: Ground, seeds: Sequence[int]) -> pd.DataFrame:
        parts = {part: ground.lesson.data.split(part).counts() for part in ("train", "test")}
        rows = [{"arm": part} | {f"images_{name}": n for name, n in counts.items()} for part, counts in parts.items()]
        return pd.DataFrame(rows)


STUDY = Counts(name="fig1", where="Fig. 1", about="images of each class", metrics=())
