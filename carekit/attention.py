"""The attention loss and the CARE objective (paper, Eqs. 4-7).

Shapes: n boxed images, a feature map of u x v, an image of h x w.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int, Num, UInt8
from torch import Tensor, nn
from torch.nn import functional

from carekit.boxes import outer_mask
from carekit.cam import class_activation_map


def inner_loss(maps: Float[Tensor, "n a b"], m_in: Float[Tensor, "n a b"], tau: float) -> Float[Tensor, " n"]:
    """L_in = -min(Σ M_in F / Σ M_in, τ), Eq. 6, for each image: in [-τ, 0]."""
    return -_masked_mean(maps, m_in).clamp(max=tau)


def outer_loss(maps: Float[Tensor, "n a b"], m_out: Float[Tensor, "n a b"]) -> Float[Tensor, " n"]:
    """L_out = Σ M_out F / Σ M_out, Eq. 7, for each image: in [0, 1]; 0 where the box fills the image."""
    return _masked_mean(maps, m_out)


def _masked_mean(maps, mask):
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
    """
    rows = _upsampling(size[0], mask.shape[1], mask.device)  # (h, u)
    columns = _upsampling(size[1], mask.shape[2], mask.device)  # (w, v)
    return rows.T @ mask @ columns  # (u, h) (n, h, w) (w, v) -> (n, u, v)


class CareLoss(NamedTuple):
    """One step's loss and its parts: scalars; `inner` and `outer` are means over the boxed images, NaN where none."""

    total: Tensor
    classification: Tensor
    attention: Tensor
    inner: Tensor
    outer: Tensor
    boxed: int


@dataclass(frozen=True)
class Care:
    """The CARE objective L = (1 - α) L_c + α L_a with L_a = L_in + λ L_out (Eqs. 4 and 5).

    alpha: weight of the attention loss, in [0, 1). 0 is the plain classifier and computes no map.
    tau: mean activation inside the box beyond which more earns nothing, in (0, 1].
    lam: λ, weight of the outer loss, at least 0.
    gradient_of, second_order, relu: how the map is made, see `carekit.cam.class_activation_map`.
    resolution: "image" compares at the image's size, as printed; "feature" averages the mask down to the map's size.
    outer: M_out "binary" or by "distance" to the box.
    average: L_a is the mean over the "boxed" images of the batch, the mean over the whole "batch", or the "sum".

    Raises ValueError for a value out of range.
    """

    alpha: float = 0.5
    tau: float = 0.7
    lam: float = 1.0
    gradient_of: str = "score"
    second_order: bool = False
    relu: bool = False
    resolution: str = "image"
    outer: str = "binary"
    average: str = "boxed"

    def __post_init__(self):
        if not 0 <= self.alpha < 1:
            raise ValueError(f"alpha = {self.alpha} is out of range: choose 0 <= alpha < 1 (the paper has 0.5)")
        if not 0 < self.tau <= 1:
            raise ValueError(f"tau = {self.tau} is out of range: choose 0 < tau <= 1 (the paper has 0.7)")
        if not 0 <= self.lam < float("inf"):
            raise ValueError(f"lam = {self.lam} is out of range: choose lam >= 0 (the paper has 1 for skin)")
        choices = {
            "gradient_of": ("score", "loss"),
            "resolution": ("image", "feature"),
            "outer": ("binary", "distance"),
            "average": ("boxed", "batch", "sum"),
        }
        for name, allowed in choices.items():
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name} = {getattr(self, name)!r} is unknown: choose one of {', '.join(allowed)}")

    def __call__(
        self,
        logits: Float[Tensor, "b c"],
        features: Float[Tensor, "b k u v"],
        labels: Int[Tensor, " b"],
        m_in: UInt8[Tensor, "b h w"],
        has_box: Bool[Tensor, " b"],
        *,
        classifier: nn.Linear | None = None,
        classification: Callable[[Tensor, Tensor], Tensor] = functional.cross_entropy,
    ) -> CareLoss:
        """The loss of a batch; only images with a box get a map. Without any, L_a is 0.

        `features` and `logits` come from one forward pass. `classification` is L_c (weighted by class, focal, ...).
        Keep `has_box` on the CPU to spare a GPU a synchronisation in each step.
        """
        l_c = classification(logits, labels)
        rows = has_box.nonzero()[:, 0]
        if self.alpha == 0 or len(rows) == 0:
            zero, nothing = l_c.new_zeros(()), l_c.new_full((), float("nan"))
            return CareLoss((1 - self.alpha) * l_c, l_c, zero, nothing, nothing, 0)
        maps = class_activation_map(
            logits,
            features,
            labels,
            rows=rows.to(features.device),
            classifier=classifier,
            gradient_of=self.gradient_of,
            second_order=self.second_order,
            relu=self.relu,
        )
        inside, outside = self.parts(maps, m_in[rows.to(m_in.device)])
        each = inside + self.lam * outside  # (n,)
        divisor = {"boxed": len(rows), "batch": len(labels), "sum": 1}[self.average]
        l_a = each.sum() / divisor
        total = (1 - self.alpha) * l_c + self.alpha * l_a
        return CareLoss(total, l_c, l_a, inside.detach().mean(), outside.detach().mean(), len(rows))

    def watch(self, model: nn.Module, layer: str | nn.Module | None = None, **options):
        """This objective in a training loop of one's own: `care = Care().watch(model)`, then
        `care(model(images), labels, boxes)`. Arguments are those of `carekit.watch.Watched`.
        """
        from carekit.watch import Watched

        return Watched(self, model, layer, **options)

    def parts(
        self, maps: Float[Tensor, "n u v"], m_in: Num[Tensor, "n h w"]
    ) -> tuple[Float[Tensor, " n"], Float[Tensor, " n"]]:
        """L_in and L_out of normalised maps against the masks of their boxes."""
        size = (maps.shape[1], maps.shape[2])
        shrink = reduce_mask if self.resolution == "image" else functional.adaptive_avg_pool2d
        inside = shrink(m_in.to(maps.device, torch.float32), size)
        outside = shrink(outer_mask(m_in, self.outer).to(maps.device), size)
        return inner_loss(maps, inside, self.tau), outer_loss(maps, outside)
