"""A map over an image: how much of it lies inside the boxes."""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float

from carekit import boxes
from carekit.cam import resize
from carekit.metrics import attention_inside

Boxes = np.ndarray | Sequence[Sequence[float]]  # x0, y0, x1, y1 in pixels, each


def inside(map_: Float[np.ndarray, "u v"], image_boxes: Boxes, size: int) -> float:
    """Share of one map, enlarged to the image, inside its boxes as they are, not scaled; 0 for a map of zeros."""
    m_in = boxes.rasterise(boxes.check(image_boxes, (size, size)), (size, size))
    large = resize(torch.from_numpy(np.asarray(map_, np.float32))[None], (size, size)).numpy().astype(np.float64)
    return float(np.nan_to_num(attention_inside(large, m_in[None]))[0])
