"""What lesson 7 compares: every strategy alone and with CARE, its peers, several rare classes, one stage."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from carekit.data.batches import boxed_rows
from carekit.experiment import Arm
from carekit.ground.messages import one_of
from carekit.objectives import L1, Care, Energy, Gain, InputGradient
from carekit.research.setting.setting import Setting
from carekit.strategies import STRATEGIES

SOME = ("plain", "weighted", "decoupling")
# They train the classifier alone, which only the second order of a map can move.
TRUNK_STAYS = ("crt", "lws")
NONE = "no attention"


class Arms(NamedTuple):
    """Arms by name, and the control that each is measured against, by the same names; see `engine.compare_arms`."""

    arms: dict[str, Arm]
    controls: dict[str, str]


def with_care(name: str) -> str:
    """What a strategy's arm with CARE is called."""
    return f"{name} + CARE"


def chosen(names: str | Sequence[str]) -> list[str]:
    """The strategies of a parameter: "some", "all", or names of `STRATEGIES` in a list or with blanks between them.

    Raises ValueError for an unknown name, with the nearest ones, and for an empty list.
    """
    if names == "some":
        return list(SOME)
    if names == "all":
        return list(STRATEGIES)
    listed = names.split() if isinstance(names, str) else names
    if not listed:
        raise ValueError('strategies is empty: give "some", "all", or names such as "plain focal"')
    return list(dict.fromkeys(one_of("strategy", name, STRATEGIES) for name in listed))


def strategies(arm: Arm, names: Iterable[str]) -> Arms:
    """Each strategy without attention and with that of `arm`, through the same second stage."""
    arms: dict[str, Arm] = {}
    controls = {}
    for name in names:
        controls[with_care(name)] = name
        treated = replace(arm, strategy=STRATEGIES.named(name))
        arms[name] = treated.control()
        arms[with_care(name)] = treated
        if name in TRUNK_STAYS:
            arms[with_care(name)] = _with(treated, second_order=True)
    return Arms(arms, controls)


def peers(arm: Arm, images: bool = True) -> Arms:
    """What else supervises attention, each as its paper weighs it, next to CARE and no attention.

    Args:
        arm: with CARE.
        images: whether to include those that need the images, and so the frozen layers at each step.
    """
    arms = {NONE: arm.control(), "CARE": arm}
    arms |= {"energy": replace(arm, objective=Energy()), "L1": replace(arm, objective=L1())}
    if images:
        arms |= {"RRR": replace(arm, objective=InputGradient()), "GAIN": replace(arm, objective=Gain())}
    return _against_none(arms)


def rare_classes(arm: Arm, rarest: Sequence[str]) -> Arms:
    """Table 10: attention for the rarest class, the two and the three rarest; L_a averaged over images and by class.

    Args:
        arm: with CARE.
        rarest: two or three classes, the rarest first.
    """
    arms = {NONE: arm.control()}
    for count in range(1, len(rarest) + 1):
        boxed = replace(arm, classes=tuple(rarest[:count]))
        name = f"CARE on {', '.join(rarest[:count])}"
        arms[name] = boxed
        if count > 1:  # of one class both averages are the same
            arms[f"{name}, by class"] = _with(boxed, average="class")
    return _against_none(arms)


def one_stage(arm: Arm, ramps: Sequence[float] = (0.0, 0.5)) -> Arms:
    """Attention from the first epoch, in full and with a ramp, against two stages with as many epochs in all."""
    single = replace(arm, stages=1)
    arms = {"two stages": arm.control(), with_care("two stages"): arm, "one stage": single.control()}
    controls = {with_care("two stages"): "two stages"}
    for ramp in ramps:
        name = with_care("one stage")
        if ramp:
            name += f", ramp {ramp:g}"
        arms[name] = _with(single, ramp=ramp)
        controls[name] = "one stage"
    return Arms(arms, controls)


def rarest_classes(lesson: Setting, count: int = 3) -> list[str]:
    """The smallest of the classes that have a box in training, the rarest first."""
    counts = lesson.train.counts()
    boxed = [name for name in counts if boxed_rows(lesson.train, [name])]
    return sorted(boxed, key=lambda name: (counts[name], name))[:count]


def _against_none(arms: dict[str, Arm]) -> Arms:
    return Arms(arms, {name: NONE for name in arms if name != NONE})


def _with(arm: Arm, **changes: Any) -> Arm:
    """The arm with other parameters of CARE. Raises ValueError for an arm with another objective."""
    if not isinstance(arm.objective, Care):
        raise ValueError(f"{arm.objective} is not CARE: give an arm with Care")
    return replace(arm, objective=replace(arm.objective, **changes))
