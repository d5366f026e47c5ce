"""The numbers of the training explorer: an arm as its sliders show it, and one epoch in sentences."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from carekit.course.explorers.overlay import inside
from carekit.course.explorers.training.recording import CURVES, Epoch
from carekit.experiment import Arm
from carekit.experiment.box_sources import Scaled, Truth
from carekit.objectives import Care

CAPTION = (
    "Epoch {epoch} of {last} with α {alpha:.2f}, τ {tau:.2f}, λ {lam:.2f}, box scale {box_scale:.2f}: "
    "{label} {test:.3f} with CARE, {plain_test:.3f} with α = 0 on test images; "
    "{train:.3f} and {plain_train:.3f} on training images. "
    "Share of attention inside the box of this image: {share:.3f} ({lift:.1f} × the box’s area) with CARE, "
    "{plain_share:.3f} ({plain_lift:.1f} × the box’s area) with α = 0; "
    "they say {said} ({chance:.2f}) and {plain_said} ({plain_chance:.2f})."
    "{?others} The sliders ask for other values: train with them.{/}"
)


def values_of(arm: Arm) -> dict[str, float]:
    """The values of the sliders for an arm. Raises ValueError for one that they cannot show."""
    care, source = arm.objective, arm.boxes
    if not isinstance(care, Care) or not isinstance(source, (Truth, Scaled)):
        raise ValueError(f"{care} with {source} has no sliders here: give an arm of Care with Truth or Scaled boxes")
    return {"alpha": care.alpha, "tau": care.tau, "lam": care.lam, "box_scale": getattr(source, "box_scale", 1.0)}


def changed(arm: Arm, values: dict[str, float]) -> Arm:
    """The arm, as `values_of` takes it, with the values of the sliders. Raises ValueError for one out of range."""
    care = Care(**arm.objective.parameters() | {name: values[name] for name in ("alpha", "tau", "lam")})
    return replace(arm, objective=care, boxes=Scaled(values["box_scale"]))


def values(
    seen: Sequence[Epoch],
    epoch: int,
    name: str,
    parameters: dict[str, float],
    image: int,
    m_in: np.ndarray,
    classes: Sequence[str],
) -> dict[str, Any]:
    """What CAPTION holds of one epoch: the metric `name` with CARE and without, and both models on one image."""
    now, place = seen[epoch], list(CURVES).index(name)
    values = parameters | {"epoch": epoch, "last": len(seen) - 1, "label": CURVES[name]}
    for arm, prefix in enumerate(("", "plain_")):
        chances = now.probabilities[arm, image]
        share, lift = inside(now.maps[arm, image], m_in)
        train, test = now.curves[arm, :, place]
        values |= {f"{prefix}train": train, f"{prefix}test": test, f"{prefix}share": share, f"{prefix}lift": lift}
        values |= {f"{prefix}said": classes[chances.argmax()], f"{prefix}chance": float(chances.max())}
    return values
