"""As much of the map's energy as possible inside the boxes (the energy loss of Rao et al. 2023)."""

from dataclasses import dataclass

from jaxtyping import Float, UInt8
from torch import Tensor

from carekit.method.attention import reduce_mask
from carekit.objectives.map_loss import MapLoss, ratio


@dataclass(frozen=True)
class Energy(MapLoss):
    """L_loc = 1 - Σ M_in A⁺ / Σ A⁺, with A⁺ the positive part of the map, enlarged to the image.

    It asks nothing of how the map fills the box. A map without a positive value has L_loc = 1 and no gradient.

    Lesson 7.
    """

    def of_maps(self, positive: Float[Tensor, "n u v"], m_in: UInt8[Tensor, "n h w"]) -> Float[Tensor, " n"]:
        size = (positive.shape[1], positive.shape[2])
        mask = m_in.to(positive.dtype)
        # Both sums are those of the enlarged map, taken at the map's own size.
        inside = (reduce_mask(mask, size) * positive).sum((1, 2))
        everywhere = (reduce_mask(mask.new_ones(mask.shape), size) * positive).sum((1, 2))
        return 1 - ratio(inside, everywhere)
