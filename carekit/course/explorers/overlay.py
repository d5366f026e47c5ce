"""A map over an image: how much of it lies inside the boxes."""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float

from carekit.method import boxes as geometry
from carekit.method.cam import resize
from carekit.method.metrics import attention_inside

Boxes = np.ndarray | Sequence[Sequence[float]]  # x0, y0, x1, y1 in pixels, each


def mask_of(boxes: Boxes, size: int) -> np.ndarray:
    """M_in (s, s) of an image's boxes."""
    return geometry.rasterise(geometry.check(boxes, (size, size)), (size, size))


def share_text(share: float, boxes: Boxes, size: int) -> str:
    """A share of attention inside the boxes, and how many times that of a map without preference it is: the lift."""
    return lift_text(share, mask_of(boxes, size).mean())


def lift_text(share: float, area: float) -> str:
    """The same with the boxes' share of the image in place of the boxes."""
    return f"{share:.3f} ({share / area:.1f} × the box’s area)"


def inside(map_: Float[np.ndarray, "u v"], image_boxes: Boxes, size: int) -> float:
    """Share of one map, enlarged to the image, inside its boxes as they are, not scaled; 0 for a map of zeros."""
    return share_of(map_, mask_of(image_boxes, size))


def share_of(map_: Float[np.ndarray, "u v"], m_in: np.ndarray) -> float:
    """The same with M_in (s, s) in place of the boxes."""
    large = resize(torch.from_numpy(np.asarray(map_, np.float32))[None], m_in.shape).numpy().astype(np.float64)
    return float(np.nan_to_num(attention_inside(large, m_in[None]))[0])
