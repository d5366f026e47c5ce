"""The gradient of each image's score by its features, for a batch that may have run in parts."""

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor

from carekit.method.graph import unseen_by_ddp, why_no_way
from carekit.networks.layers.layout import Layout


def features_and_gradient(
    scores: Float[Tensor, " b"],
    parts: list[Tensor],
    rows: Int[Tensor, " n"],
    layout: Layout,
    *,
    logits: Float[Tensor, "b c"],
    mixes: bool,
    second_order: bool,
) -> tuple[Float[Tensor, "n k u v"], Float[Tensor, "n k u v"]]:
    """The maps A of the images at `rows`, and ∂ score / ∂A of each.

    With `mixes` (a batch normalisation behind the layer) each image's score is differentiated by itself; else the
    scores' sum is, which gives the same at once.
    """
    if mixes:
        whole = [_gradient(scores[row], parts, logits, second_order)[row] for row in rows.tolist()]
        gradient = torch.stack(whole)  # n times (..) -> (n, ..)
    else:
        gradient = _gradient(scores[rows].sum(), parts, logits, second_order)[rows]
    features = _joined(parts, logits.device)[rows]
    return layout.maps(features), layout.maps(gradient)


def _gradient(target: Tensor, parts: list[Tensor], logits: Tensor, second_order: bool) -> Tensor:
    found = gradients_of(target, parts, logits, second_order=second_order)
    kept = [each for each in found if each is not None]
    if len(kept) < len(found):
        raise ValueError(why_no_way(logits, parts[-1], None))
    return _joined(kept, logits.device)


def gradients_of(
    target: Tensor, parts: list[Tensor], logits: Tensor, *, second_order: bool = False
) -> tuple[Tensor | None, ...]:
    """∂ target / ∂ part for each part, None where it is not on the way; the graph stays.

    Raises ValueError, with the reason, where torch cannot differentiate; `logits` are what the target was made of.
    """
    try:
        with unseen_by_ddp(logits):
            return torch.autograd.grad(target, parts, retain_graph=True, create_graph=second_order, allow_unused=True)
    except RuntimeError as error:
        raise ValueError(why_no_way(logits, parts[-1], error)) from error


def _joined(parts: Sequence[Tensor], device: torch.device) -> Tensor:
    return parts[0] if len(parts) == 1 else torch.cat([part.to(device) for part in parts])
