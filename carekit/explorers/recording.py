"""The second stage with and without attention, epoch by epoch: curves, and the maps of a few test images."""

from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from sklearn.metrics import log_loss

from carekit.data.batches import BoxedImages
from carekit.data.prepared import Prepared
from carekit.evaluation import figures, predict
from carekit.experiment import Arm
from carekit.explorers.frame import packed
from carekit.models import Backbone
from carekit.profiles import Profile
from carekit.training import epochs

CURVES = {
    "rare_recall": "recall of the rare class",
    "mca": "mean class accuracy (MCA)",
    "attention_inside": "attention inside the box",
    "loss": "classification loss",
}


@dataclass(frozen=True)
class Epoch:
    """What the two models, first that with attention, are after an epoch.

    curves: the figures of CURVES on training and on test images. maps and probabilities: of the images shown.
    """

    curves: Float[np.ndarray, "2 2 figures"]
    maps: Float[np.ndarray, "2 n u v"]
    probabilities: Float[np.ndarray, "2 n c"]


def record(model: Backbone, data: Prepared, profile: Profile, rows: np.ndarray, arm: Arm, seed: int) -> Iterator[Epoch]:
    """Fine-tune copies of the pretrained `model`, one as `arm` says and one with α = 0, an epoch at each step.

    The pretrained model comes first, as epoch 0. rows: the test images whose maps are kept. Both copies see the same
    images in the same order and, on a CPU, one thread, as in `experiment.compare`: the figures are the same, bit for
    bit. Raises what `finetune` raises.
    """
    threads = torch.get_num_threads()
    if profile.finetune.device == "cpu":
        torch.set_num_threads(1)
    try:
        yield from _record(model, data, profile, rows, arm, seed)
    finally:
        torch.set_num_threads(threads)


def _record(model, data, profile, rows, arm, seed) -> Iterator[Epoch]:
    train, test = data.split("train"), data.split("test")
    arms = (arm, replace(arm, care=replace(arm.care, alpha=0)))
    models = [deepcopy(model) for _ in arms]
    schedule = replace(profile.finetune, seed=seed)
    steps = []
    for each, net in zip(arms, models, strict=True):
        images = BoxedImages(train, each.boxed and list(each.boxed), each.box_scale, profile.augment)
        steps.append(epochs(net, images, each.care, schedule, stage="finetune"))
    yield _look(models, train, test, rows, schedule.device)
    for _ in zip(*steps, strict=False):  # patience may end one of them earlier
        yield _look(models, train, test, rows, schedule.device)


def _look(models: Sequence[Backbone], train: Prepared, test: Prepared, rows: np.ndarray, device: str) -> Epoch:
    found = [[predict(model, part, device=device) for part in (train, test)] for model in models]
    curves = [[_curve(each, part) for each, part in zip(pair, (train, test), strict=True)] for pair in found]
    shown = [(pair[1].maps[rows], pair[1].probabilities[rows]) for pair in found]
    return Epoch(np.array(curves), *(np.stack(parts) for parts in zip(*shown, strict=True)))


def _curve(found, part: Prepared) -> list[float]:
    scores = figures(found, part)
    scores["loss"] = log_loss(found.labels, found.probabilities, labels=range(len(part.classes)))
    return [scores[name] for name in CURVES]


def pack(seen: Sequence[Epoch], parameters: dict[str, float]) -> dict[str, Any]:
    """Epochs for the browser, and the parameters that they were trained with."""
    return {
        "parameters": parameters,
        "curves": packed(np.stack([epoch.curves for epoch in seen])),
        "maps": packed(np.stack([epoch.maps for epoch in seen])),
        "probabilities": packed(np.stack([epoch.probabilities for epoch in seen])),
    }
