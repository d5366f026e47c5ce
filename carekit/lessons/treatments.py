"""What lesson 7 compares: every strategy alone and with CARE, its peers, several rare classes, one stage.

Each comparison is a set of arms and a control for each; `run` trains them and makes one table, one row a run.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pandas as pd

from carekit import experiment
from carekit.experiment import PRETRAINED, Arm, Run
from carekit.lessons.ink_test import ink_test
from carekit.names import one_of
from carekit.objectives import L1, Care, Energy, Gain, InputGradient, Objective
from carekit.strategies import STRATEGIES

if TYPE_CHECKING:
    from carekit.lessons.setup import Lesson

SOME = ("plain", "weighted", "focal", "balanced_softmax", "oversampling", "siamese", "decoupling")
TRUNK_STAYS = ("crt", "lws")  # they train the classifier alone, which only the second order of a map can move
INK = ["others", "others_turned"]


@dataclass(frozen=True)
class Comparison:
    """Arms by name, and the control that each is measured against, by the same names."""

    arms: dict[str, Arm]
    controls: dict[str, str]

    def __add__(self, other: "Comparison") -> "Comparison":
        return Comparison(self.arms | other.arms, self.controls | other.controls)


def with_care(name: str) -> str:
    """What a strategy's arm with CARE is called."""
    return f"{name} + CARE"


def chosen(names: str | Sequence[str]) -> list[str]:
    """The strategies of a parameter: "some", "all", or names of `STRATEGIES` in a list or with blanks between them.

    Raises ValueError for an unknown name, with the nearest ones, and where there is none.
    """
    if names in ("some", "all"):
        return list(SOME if names == "some" else STRATEGIES)
    found = names.split() if isinstance(names, str) else list(names)
    if not found:
        raise ValueError('strategies is empty: give "some", "all", or names such as "plain focal"')
    return list(dict.fromkeys(one_of("strategy", name, STRATEGIES) for name in found))


def strategies(care: Care, names: Sequence[str]) -> Comparison:
    """Each strategy without attention and with it, through the same second stage."""
    arms = {}
    for name in names:
        objective = replace(care, second_order=True) if name in TRUNK_STAYS else care
        arms[name] = Arm(care.control(), strategy=STRATEGIES.named(name))
        arms[with_care(name)] = Arm(objective, strategy=STRATEGIES.named(name))
    return Comparison(arms, {with_care(name): name for name in names})


def peers(care: Care, images: bool = True) -> Comparison:
    """What else supervises attention, each as its paper weighs it, beside CARE and no attention.

    Args:
        care: with which parameters.
        images: whether those that need the images, and so the frozen layers at each step, take part.
    """
    others: dict[str, Objective] = {"energy": Energy(), "L1": L1()}
    if images:
        others |= {"RRR": InputGradient(), "GAIN": Gain()}
    arms = {"no attention": Arm(care.control()), "CARE": Arm(care)}
    arms |= {name: Arm(objective) for name, objective in others.items()}
    return Comparison(arms, {name: "no attention" for name in arms if name != "no attention"})


def rare_classes(care: Care, data_rarest: Sequence[str]) -> Comparison:
    """Table 10: attention for the rarest class, the two and the three rarest; L_a averaged over images and by class.

    Args:
        care: with which parameters.
        data_rarest: three classes, the rarest first.
    """
    arms = {"no attention": Arm(care.control())}
    for count in (1, 2, 3):
        shown = tuple(data_rarest[:count])
        name = f"CARE on {', '.join(shown)}"
        arms[name] = Arm(care, classes=shown)
        if count > 1:  # of one class both averages are the same
            arms[f"{name}, by class"] = Arm(replace(care, average="class"), classes=shown)
    return Comparison(arms, {name: "no attention" for name in arms if name != "no attention"})


def one_stage(care: Care, ramps: Sequence[float] = (0.0, 0.5)) -> Comparison:
    """Attention from the first epoch, at once and with a ramp, against two stages with as many epochs in all."""
    arms = {"two stages": Arm(care.control()), "two stages + CARE": Arm(care)}
    arms["one stage"] = Arm(care.control(), stages=1)
    controls = {"two stages + CARE": "two stages"}
    for ramp in ramps:
        name = "one stage + CARE" + (f", ramp {ramp:g}" if ramp else "")
        arms[name] = Arm(replace(care, ramp=ramp), stages=1)
        controls[name] = "one stage"
    return Comparison(arms, controls)


def rarest_classes(lesson: "Lesson", count: int = 3) -> list[str]:
    """The classes with the fewest training images that have boxes, the rarest first."""
    counts = lesson.train.counts()
    return sorted(counts, key=lambda name: (counts[name], name))[:count]


def run(lesson: "Lesson", comparison: Comparison, seeds: Sequence[int]) -> pd.DataFrame:
    """Train every arm for every seed, and judge it.

    Returns:
        One row a run: arm, seed, every metric, the recall at the false alarms of its control, the counts of the ink
        test where the data have a mark (`others` images, of which `others_turned` become the rarest class), and the
        seconds of one core.
    """
    runs = experiment.compare(lesson.data, lesson.profile, comparison.arms, seeds, watched=0)
    runs = [each for each in runs if each.arm != PRETRAINED]
    table = experiment.scores(runs, control=comparison.controls)
    table["cpu_seconds"] = [each.cpu_seconds for each in runs]
    return table.merge(_ink(lesson, runs), on=["arm", "seed"]) if lesson.misled else table


def _ink(lesson: "Lesson", runs: Sequence[Run]) -> pd.DataFrame:
    return ink_test(lesson, runs)[["arm", "seed", *INK]]


def gains(table: pd.DataFrame, controls: Mapping[str, str], metrics: Sequence[str]) -> pd.DataFrame:
    """What each arm gains over its control, seed by seed.

    Returns:
        One row an arm of `controls` that the table holds; columns (metric, "mean") and (metric, "±"), as
        `carekit.experiment.summary` has them.
    """
    rows = {}
    for arm, control in controls.items():
        if arm in set(table.arm):
            found = experiment.paired_difference(table, arm, control, metrics)
            rows[arm] = {(m, part): found.loc[m, column] for m in metrics for part, column in PARTS}
    return pd.DataFrame(rows).T


PARTS = (("mean", "difference"), ("±", "±"))


def verdicts(gained: pd.DataFrame, metric: str) -> dict[str, list[str]]:
    """Which arms are "up", "down", and which "not to be told from chance": those whose interval holds 0, or has none.

    Args:
        gained: of `gains`.
        metric: one of its metrics.
    """
    found: dict[str, list[str]] = {"up": [], "down": [], "not to be told from chance": []}
    for arm, mean, half in zip(gained.index, gained[metric, "mean"], gained[metric, "±"], strict=True):
        key = "up" if mean - half > 0 else "down" if mean + half < 0 else "not to be told from chance"
        found[key].append(arm)
    return found
