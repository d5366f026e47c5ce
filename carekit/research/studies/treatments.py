"""What lesson 7 compares: every strategy alone and with CARE, its peers, several rare classes, one stage.

Each comparison is a set of arms and a control for each; `run` trains them and makes one table, one row a run.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from carekit import experiment
from carekit.data.batches import boxed_rows
from carekit.experiment import PRETRAINED, Arm, Run
from carekit.experiment import sidecar as results
from carekit.ground.messages import one_of
from carekit.method.metrics import TURNED, label_of
from carekit.objectives import L1, Care, Energy, Gain, InputGradient, Objective
from carekit.research.setting.ink_runs import ink_test
from carekit.research.setting.parameters import PARAMETERS
from carekit.strategies import STRATEGIES

if TYPE_CHECKING:
    from carekit.research.setting.setting import Setting

SOME = ("plain", "weighted", "decoupling")
PARTS = (("mean", "difference"), ("±", "±"))
TRUNK_STAYS = ("crt", "lws")  # they train the classifier alone, which only the second order of a map can move
NONE = "no attention"
INK = ["others", TURNED]
MAY_DIFFER = ("profile", "seeds", "results")  # from what the command behind the kept tables takes
LESS_IS_BETTER = (TURNED, "false_alarms")


@dataclass(frozen=True)
class Comparison:
    """Arms by name, and the control that each is measured against, by the same names."""

    arms: dict[str, Arm]
    controls: dict[str, str]


def with_care(name: str) -> str:
    """What a strategy's arm with CARE is called."""
    return f"{name} + CARE"


def _alone(arm: str) -> str:
    return arm.removesuffix(" + CARE")


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


def strategies(arm: Arm, names: Iterable[str]) -> Comparison:
    """Each strategy without attention and with that of `arm`, through the same second stage."""
    arms: dict[str, Arm] = {}
    controls: dict[str, str] = {}
    for name in names:
        treated = replace(arm, strategy=STRATEGIES.named(name))
        controls[with_care(name)] = name
        arms[name] = treated.control()
        arms[with_care(name)] = _with(treated, second_order=True) if name in TRUNK_STAYS else treated
    return Comparison(arms, controls)


def _with(arm: Arm, **changes: Any) -> Arm:
    """The arm with other parameters of CARE. Raises ValueError for an arm with another objective."""
    if not isinstance(arm.objective, Care):
        raise ValueError(f"{arm.objective} is not CARE: give an arm with Care")
    return replace(arm, objective=replace(arm.objective, **changes))


def peers(arm: Arm, images: bool = True) -> Comparison:
    """What else supervises attention, each as its paper weighs it, beside CARE and no attention.

    Args:
        arm: with CARE.
        images: whether those that need the images, and so the frozen layers at each step, take part.
    """
    others: dict[str, Objective] = {"energy": Energy(), "L1": L1()}
    if images:
        others |= {"RRR": InputGradient(), "GAIN": Gain()}
    arms = {NONE: arm.control(), "CARE": arm}
    arms |= {name: replace(arm, objective=objective) for name, objective in others.items()}
    return Comparison(arms, {name: NONE for name in arms if name != NONE})


def rare_classes(arm: Arm, rarest: Sequence[str]) -> Comparison:
    """Table 10: attention for the rarest class, the two and the three rarest; L_a averaged over images and by class.

    Args:
        arm: with CARE.
        rarest: two or three classes, the rarest first.
    """
    arms = {NONE: arm.control()}
    for count in range(1, len(rarest) + 1):
        shown = replace(arm, classes=tuple(rarest[:count]))
        name = f"CARE on {', '.join(rarest[:count])}"
        arms[name] = shown
        if count > 1:  # of one class both averages are the same
            arms[f"{name}, by class"] = _with(shown, average="class")
    return Comparison(arms, {name: NONE for name in arms if name != NONE})


def one_stage(arm: Arm, ramps: Sequence[float] = (0.0, 0.5)) -> Comparison:
    """Attention from the first epoch, at once and with a ramp, against two stages with as many epochs in all."""
    single = replace(arm, stages=1)
    arms = {"two stages": arm.control(), with_care("two stages"): arm, "one stage": single.control()}
    controls = {with_care("two stages"): "two stages"}
    for ramp in ramps:
        name = with_care("one stage") + (f", ramp {ramp:g}" if ramp else "")
        arms[name] = _with(single, ramp=ramp)
        controls[name] = "one stage"
    return Comparison(arms, controls)


def rarest_classes(lesson: "Setting", count: int = 3) -> list[str]:
    """The smallest of the classes that have a box in training, the rarest first."""
    counts = lesson.train.counts()
    boxed = [name for name in counts if boxed_rows(lesson.train, [name])]
    return sorted(boxed, key=lambda name: (counts[name], name))[:count]


def run(lesson: "Setting", comparison: Comparison, seeds: Sequence[int]) -> pd.DataFrame:
    """Train every arm for every seed, and judge it.

    Returns:
        One row a run: arm, seed, every metric, the recall at the false alarms of its control, the counts of the ink
        test where the data have a mark (`others` images, of which `others_turned` become the rarest class), and the
        seconds of one core.
    """
    runs = experiment.compare(lesson.data, lesson.profile, comparison.arms, seeds)
    runs = [each for each in runs if each.arm != PRETRAINED]
    table = experiment.scores(runs, control=comparison.controls)
    table["cpu_seconds"] = [each.cpu_seconds for each in runs]
    return table.merge(_ink(lesson, runs), on=["arm", "seed"]) if lesson.misled else table


def _ink(lesson: "Setting", runs: Sequence[Run]) -> pd.DataFrame:
    return ink_test(lesson, runs)[["arm", "seed", *INK]]


def kept_or(name: str, table: pd.DataFrame) -> pd.DataFrame:
    """The table that `docs/compare_strategies.py` kept under this name, or `table` where there is none; prints which.

    Raises ValueError for one that was changed since it was written.
    """
    try:
        kept, about = results.read(name)
    except FileNotFoundError:
        print(f"No table is kept: these are the runs above. Make it: python docs/compare_strategies.py {name}")
        return table
    print(f"Kept, made by `{about['command']}`: {len(kept)} runs, seeds {about['seeds']}, profile {about['profile']},")
    print(f"{about['cpu_seconds'] / 60:.0f} minutes of one core of {about['machine']['processor']}.")
    return kept


def seeds_beside(lesson: "Setting", name: str) -> list[int]:
    """The lesson's seeds; only the first where more are kept under this name, of the usual parameters as these are."""
    try:
        _, about = results.read(name)
    except FileNotFoundError:
        return lesson.seeds
    usual = all(lesson.parameters[name] == PARAMETERS[name].default for name in PARAMETERS if name not in MAY_DIFFER)
    same = usual and about["profile"] == lesson.profile.name
    return lesson.seeds[:1] if same and len(about["seeds"]) > len(lesson.seeds) else lesson.seeds


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


def verdict(gained: pd.DataFrame, metric: str) -> str:
    """One sentence: for which arms a metric is up, for which down; for the others it cannot be told from chance.

    Args:
        gained: of `gains`.
        metric: one of its metrics.
    """
    mean, half = gained[metric, "mean"], gained[metric, "±"]
    found = {"up": gained.index[mean - half > 0], "down": gained.index[mean + half < 0]}
    parts = [f"{how} for {', '.join(map(_alone, arms))}" for how, arms in found.items() if len(arms)]
    others = len(gained) - sum(map(len, found.values()))
    if others:
        parts.append(f"not to be told from chance for {others} of {len(gained)}")
    name = label_of(metric)
    return f"{name[0].upper()}{name[1:]}: {'; '.join(parts)}."


def harm(gained: pd.DataFrame, metrics: Sequence[str]) -> str:
    """Where the gains are losses beyond chance, in a sentence for each metric that has any, or one that says none.

    More false alarms, and more images that a mark turns, are losses, too. One seed has no intervals, and says so.
    """
    if gained.xs("±", axis=1, level=1).isna().all(axis=None):
        return "Not to be told from one seed."
    found = []
    for metric in metrics:
        mean = gained[metric, "mean"]
        better = -mean if metric in LESS_IS_BETTER else mean
        worse = mean[better + gained[metric, "±"] < 0]
        if len(worse):
            losses = ", ".join(f"{_alone(arm)} ({value:+.2f})" for arm, value in worse.items())
            found.append(f"{label_of(metric).capitalize()}: {losses}.")
    return " ".join(found) or "Nowhere is a loss larger than chance would make it."
