"""The map as the mask itself (the L1 loss that Rao et al. 2023 compare with)."""

from dataclasses import dataclass

from jaxtyping import Float, UInt8
from torch import Tensor

from carekit.method.cam import resize
from carekit.objectives.map_loss import MapLoss, ratio


@dataclass(frozen=True)
class L1(MapLoss):
    """L_loc = mean over the pixels of |M_in - A⁺ / max A⁺|, with A⁺ the map's positive part, enlarged to the image.

    It asks the map to fill the box evenly.

    Lesson 7.
    """

    def of_maps(self, positive: Float[Tensor, "n u v"], m_in: UInt8[Tensor, "n h w"]) -> Float[Tensor, " n"]:
        large = resize(positive, (m_in.shape[1], m_in.shape[2]))
        # The brightest place of each map is 1, so that a map may be dim everywhere and still fill its box.
        shares = ratio(large, large.amax((1, 2), keepdim=True))
        return (m_in - shares).abs().mean((1, 2))
