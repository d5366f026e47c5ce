"""The numbers of the training explorer: an arm as its sliders show it, and one epoch in sentences."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from carekit.course.explorers.controls import SIGNS
from carekit.course.explorers.overlay import Boxes, inside, share_text
from carekit.course.explorers.training.recording import CURVES, Epoch
from carekit.data.prepared import Prepared
from carekit.experiment import Arm
from carekit.experiment.box_sources import Scaled, Truth
from carekit.objectives import Care


def values_of(arm: Arm) -> dict[str, float]:
    """What the sliders stand at for an arm. Raises ValueError for one that they cannot show."""
    care, source = arm.objective, arm.boxes
    if not isinstance(care, Care) or not isinstance(source, (Truth, Scaled)):
        raise ValueError(f"{care} with {source} has no sliders here: give an arm of Care with Truth or Scaled boxes")
    scale = source.box_scale if isinstance(source, Scaled) else 1.0
    return {"alpha": care.alpha, "tau": care.tau, "lam": care.lam, "box_scale": scale}


def changed(arm: Arm, values: dict[str, float]) -> Arm:
    """The arm, as `values_of` takes it, with what the sliders stand at. Raises ValueError for one out of range."""
    care = Care(**arm.objective.parameters() | {name: values[name] for name in ("alpha", "tau", "lam")})
    return replace(arm, objective=care, boxes=Scaled(values["box_scale"]))


def words(
    seen: Sequence[Epoch],
    epoch: int,
    name: str,
    parameters: dict[str, float],
    image: int,
    image_boxes: Boxes,
    data: Prepared,
) -> str:
    """One epoch in sentences: the metric `name` with CARE and without, and both models on one image."""
    now, place = seen[epoch], list(CURVES).index(name)
    trained = ", ".join(f"{sign} {parameters[key]:.2f}" for key, sign in SIGNS.items())
    train, test = ([_three(value) for value in now.curves[:, part, place]] for part in (0, 1))
    shares = [inside(map_, image_boxes, data.size) for map_ in now.maps[:, image]]
    told = [share_text(share, image_boxes, data.size) for share in shares]
    said = [f"{data.classes[p.argmax()]} ({p.max():.2f})" for p in now.probabilities[:, image]]
    return (
        f"Epoch {epoch} of {len(seen) - 1} with {trained}: "
        f"{CURVES[name]} {test[0]} with CARE, {test[1]} with α = 0 on test images; "
        f"{train[0]} and {train[1]} on training images. "
        f"Share of attention inside the box of this image: {told[0]} with CARE, {told[1]} with α = 0; "
        f"they say {said[0]} and {said[1]}."
    )


def _three(value: float) -> str:
    return "unknown" if np.isnan(value) else f"{value:.3f}"
