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


def inside(map_: Float[np.ndarray, "u v"], m_in: np.ndarray) -> tuple[float, float]:
    """(share of one map inside a mask, the lift: how many times that of a map without preference it is).

    The map is enlarged to the mask, M_in (s, s). A map of zeros has the share 0; without a box the lift is NaN.
    """
    # (u, v) -> (1, s, s): `resize` and `attention_inside` take a batch
    large = resize(torch.from_numpy(np.asarray(map_, np.float32))[None], m_in.shape).numpy().astype(np.float64)
    share = float(np.nan_to_num(attention_inside(large, m_in[None]))[0])
    area = float(m_in.mean()) or float("nan")
    return share, share / area
