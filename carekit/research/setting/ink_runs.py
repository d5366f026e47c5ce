"""The ink test of a lesson's models: the same test images without and with the misleading mark, counted."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from carekit.data.prepared import Prepared
from carekit.experiment import Run, first_of_each_class, load_model
from carekit.material.drawing.marks import plant, rows_with_room
from carekit.method.metrics import EQUAL_RECALL
from carekit.networks import Backbone
from carekit.research.figures.labels import TURNED
from carekit.research.setting.drawn import load_drawn
from carekit.research.setting.ink_pair import Pair, compare_marks
from carekit.training import cached

if TYPE_CHECKING:
    from carekit.research.setting.setting import Setting

EACH = 60  # images of each class
# What a table of results shows: what is gained, whether false alarms paid for it, the attention, what a mark turns.
COLUMNS = ("rare_recall", EQUAL_RECALL, "rare_precision", "rare_auc", "mca", "attention_inside", TURNED)


def marked_pair(lesson: "Setting") -> Pair:
    """Test images without and with the mark: of a drawn set the same scenes, of a real one the mark drawn on them.

    Raises:
        ValueError: for real images none of which has room for a mark outside its boxes.
    """
    if lesson.drawn:
        return Pair(_scenes(lesson, 0.0), _scenes(lesson, 1.0))
    test = lesson.test
    room = rows_with_room(test)
    if not room:
        raise ValueError("the boxes of all test images fill them: there is no room for a mark")
    clean = first_of_each_class(test.take(np.array(room)), EACH)
    return Pair(clean, plant(clean, lesson.mark, seed=lesson.parameters["seed"]))


def keep_features(pair: Pair, model: Backbone) -> Pair:
    """The pair with what the model's frozen layers make of it, for this model and others with the same layers."""
    return Pair(cached(model, pair.clean), cached(model, pair.marked))


def _scenes(lesson: "Setting", rate: float) -> Prepared:
    kind = lesson.kind
    few = dict.fromkeys(kind.classes, 1)
    each = dict.fromkeys(kind.classes, min(EACH, lesson.profile.test_images))
    # The same seed draws the same scenes; the rate of the mark is all that differs.
    recipe = lesson.recipe(counts=few, test_counts=each, test_rates={lesson.mark: rate})
    return load_drawn(recipe).split("test")


def ink_test(lesson: "Setting", runs: Sequence[Run]) -> pd.DataFrame:
    """One row a run: arm, seed, and the counts of `carekit.research.setting.ink_pair.compare_marks`."""
    models = {f"{run.arm}, {run.seed}": load_model(run, lesson.data, lesson.profile) for run in runs}
    first = next(iter(models.values()))  # the frozen layers of all are the same
    counts = compare_marks(models, keep_features(marked_pair(lesson), first))
    about = pd.DataFrame({"arm": [run.arm for run in runs], "seed": [run.seed for run in runs]})
    return pd.concat([about, counts.reset_index(drop=True)], axis=1)


def with_ink(scores: pd.DataFrame, marks: pd.DataFrame) -> pd.DataFrame:
    """The scores with one column more: how many test images of other diseases the mark turns into the rarest.

    Args:
        scores: of `experiment.scores`, one row an arm and seed.
        marks: of `ink_test`, for the same runs.

    Raises:
        ValueError: where a run of the scores is not in the ink test.
    """
    counts = marks[["arm", "seed", "others_turned"]].rename(columns={"others_turned": TURNED})
    joined = scores.merge(counts, on=["arm", "seed"], how="left", validate="1:1")
    missing = joined[joined[TURNED].isna()]
    if len(missing):
        first = missing.iloc[0]
        raise ValueError(f"{first.arm!r}, seed {first.seed} is not in the ink test: give ink_test the same runs")
    return joined
