"""Boxes by a promptable segmenter, such as MedSAM (Ma et al. 2024): a rough box or a point in, a mask out.

An optional extra: the segmenter's package and its weights, some 360 MB, are fetched by hand.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int, UInt8

from carekit.ground.checksums import sha256
from carekit.material.autobox.components import Cut, large_components, rectangle
from carekit.material.autobox.dsr import dsr
from carekit.material.autobox.finder import Boxes, Finder
from carekit.material.autobox.picture import find_box

KIND = "vit_b"  # the size of network that MedSAM publishes


def segment_prompted(
    predictor: Any,
    image: UInt8[np.ndarray, "h w 3"],
    box: Float[np.ndarray, "4"] | None = None,
    point: Float[np.ndarray, "2"] | None = None,
) -> Bool[np.ndarray, "h w"]:
    """The mask of what a box (x0, y0, x1, y1) or a point (x, y) in an image points at.

    Raises:
        ValueError: without a prompt, or with both.
    """
    if (box is None) == (point is None):
        raise ValueError("give a box or a point as prompt, one of the two")
    predictor.set_image(image)
    points = {} if point is None else {"point_coords": point[None], "point_labels": np.array([1])}
    masks, _, _ = predictor.predict(box=box, multimask_output=False, **points)
    return masks[0]


@dataclass(frozen=True)
class Promptable(Finder):
    """Each image's box by DSR is the prompt; the box around the mask that comes back is the result.

    Args:
        weights: the segmenter's file of weights.
        cut: how DSR's map becomes the prompt.
        smallest: a component of the mask with less than this share of the largest one's area is dropped.
    """

    method = "promptable"
    processes = False
    weights: str
    cut: Cut = field(default_factory=Cut)
    smallest: float = 0.1

    def find(self, images: UInt8[np.ndarray, "n s s 3"], labels: Int[np.ndarray, " n"]) -> Sequence[Boxes]:
        predictor = load_predictor(self.weights)
        found = []
        for image in images:
            boxes = find_box(image, dsr, self.cut)  # the prompt; where DSR finds nothing, there is none
            if len(boxes):
                mask = segment_prompted(predictor, image, boxes[0])
                boxes = rectangle(large_components(mask, self.smallest))
            found.append(boxes)
        return found

    def parameters(self) -> dict:
        check_weights(self.weights)
        return super().parameters() | {"weights": sha256(self.weights)}


def check_weights(weights: str) -> None:
    """Raise FileNotFoundError where the weights are not there, saying where they come from."""
    if not Path(weights).is_file():
        raise FileNotFoundError(
            f"there are no weights {weights} for the promptable segmenter: download MedSAM's medsam_vit_b.pth from its "
            "authors and give its path, or choose another method, such as dsr"
        )


@lru_cache(maxsize=1)
def load_predictor(weights: str) -> Any:
    """The promptable segmenter with these weights.

    Raises:
        FileNotFoundError: where the weights are not there, saying where they come from.
        ImportError: where its package is not installed.
        ValueError: for the weights of another network.
    """
    check_weights(weights)
    import torch

    import carekit.networks.vision  # noqa: F401  the package imports torchvision, which may need its operators declared first

    try:
        from segment_anything import SamPredictor, sam_model_registry
    except ImportError:
        raise ImportError("the promptable segmenter needs a package: pip install 'carekit[promptable]'") from None
    network = sam_model_registry[KIND]()
    try:
        network.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True))
    except Exception as error:  # pickle, zip and key errors alike
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ValueError(f"{weights} holds no weights of SAM's {KIND} ({first}): download them again") from None
    return SamPredictor(network.eval())
