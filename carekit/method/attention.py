"""The two halves of the attention loss (paper, Eqs. 6 and 7), of maps against masks.

Shapes: n boxed images, a feature map of u x v, an image of h x w, either of them a x b.
"""

from functools import lru_cache

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional


def inner_loss(maps: Float[Tensor, "n a b"], m_in: Float[Tensor, "n a b"], tau: float) -> Float[Tensor, " n"]:
    """L_in = -min(Σ M_in F / Σ M_in, τ), Eq. 6, for each image: in [-τ, 0]. Lesson 4, Eq. 6."""
    return -_masked_mean(maps, m_in).clamp(max=tau)


def outer_loss(maps: Float[Tensor, "n a b"], m_out: Float[Tensor, "n a b"]) -> Float[Tensor, " n"]:
    """L_out = Σ M_out F / Σ M_out, Eq. 7, for each image: in [0, 1]; 0 where the box fills the image.

    Lesson 4, Eq. 7.
    """
    return _masked_mean(maps, m_out)


def _masked_mean(maps: Float[Tensor, "n a b"], mask: Float[Tensor, "n a b"]) -> Float[Tensor, " n"]:
    total = mask.sum((1, 2))
    return (mask * maps).sum((1, 2)) / torch.where(total > 0, total, 1.0)


@lru_cache(maxsize=32)
def _upsampling(n_in: int, n_out: int, device: torch.device) -> Float[Tensor, "n_out n_in"]:
    """Bilinear resizing of one axis as a matrix."""
    identity = torch.eye(n_in, device=device)[None]
    return functional.interpolate(identity, size=n_out, mode="linear", align_corners=False)[0].T.contiguous()


def reduce_mask(mask: Float[Tensor, "n h w"], size: tuple[int, int]) -> Float[Tensor, "n u v"]:
    """The mask a feature map must be weighted with to act as its bilinear enlargement does under `mask`.

    Enlarging is linear, up(F) = U F V', so Σ mask · up(F) = Σ (U' mask V) · F, and the sum of the mask is kept.
    The loss at the image's resolution thus needs no enlarged map.

    Lesson 3.
    """
    rows = _upsampling(size[0], mask.shape[1], mask.device)  # (h, u)
    columns = _upsampling(size[1], mask.shape[2], mask.device)  # (w, v)
    return rows.T @ mask @ columns  # (u, h) (n, h, w) (w, v) -> (n, u, v)
