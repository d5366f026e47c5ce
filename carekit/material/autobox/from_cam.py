"""Boxes from a pretrained classifier's own map: a free lunch that may not be one.

The map shows where the classifier looks. If it looks at a ruler, the box is around the ruler, and training with it
confirms the mistake.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor

from carekit.data.batches import to_unit
from carekit.material.autobox.components import Cut
from carekit.material.autobox.finder import Boxes, FinderWithWeights
from carekit.method.cam import class_activation_map, resize
from carekit.networks import Backbone, build, checkpoints


def cam_maps(
    model: Backbone, images: Float[Tensor, "n 3 h w"], classes: Int[Tensor, " n"]
) -> Float[np.ndarray, "n h w"]:
    """Each image's map of its class, in [0, 1], at the image's size. `model`: in evaluation mode."""
    logits, features = model.with_head_graph(images)
    maps = class_activation_map(logits, features, classes, classifier=model.linear_head)  # (n, u, v)
    return resize(maps, (images.shape[2], images.shape[3])).detach().double().numpy()


@dataclass(frozen=True)
class FromCam(FinderWithWeights):
    """The map of an image's labelled class, thresholded.

    Args:
        checkpoint: of a classifier of the same classes.
        cut: how a map becomes a box.
    """

    method = "cam"
    cut: Cut = field(default_factory=Cut)

    def find(self, images: UInt8[np.ndarray, "n s s 3"], labels: Int[np.ndarray, " n"]) -> Sequence[Boxes]:
        model = load_classifier(self.checkpoint)
        if labels.max() >= model.n_classes:
            raise ValueError(
                f"checkpoint {self.checkpoint} knows {model.n_classes} classes, and an image has the label "
                f"{labels.max()}: train the classifier on this data set"
            )
        unit = to_unit(torch.from_numpy(images).permute(0, 3, 1, 2))  # (n, s, s, 3) -> (n, 3, s, s)
        return [self.cut.box(map) for map in cam_maps(model, unit, torch.from_numpy(labels))]


@lru_cache(maxsize=1)
def load_classifier(path: str) -> Backbone:
    """The classifier in a checkpoint, in evaluation mode. Raises as `carekit.networks.checkpoints.load`."""
    name, n_classes = checkpoints.read_architecture(Path(path))
    model = build(name, n_classes)
    checkpoints.load(path, model)
    return model.eval()
