"""The scores in what a model returned."""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor


def scores_in(logits: Any) -> Tensor:
    """The tensor of scores in what a model returned.

    Raises ValueError for an output with several tensors, of which auxiliary heads are a part.

    Lesson 5.
    """
    if isinstance(logits, Tensor):
        if logits.ndim not in (1, 2):
            raise ValueError(f"logits have the shape {tuple(logits.shape)}: give (b, c), a score for each class")
        return logits
    found = getattr(logits, "logits", None)
    kind = type(logits).__name__
    if not isinstance(found, Tensor):
        raise ValueError(f"logits are a {kind}: give the tensor of scores in it, (b, c)")
    fields = getattr(logits, "_fields", ())
    if any("aux" in name for name in fields):
        raise ValueError(f"logits are a {kind} with auxiliary heads: give its .logits, and add their losses yourself")
    return scores_in(found)


def columns(logits: Tensor) -> Float[Tensor, "b c"]:
    """Scores (b,) of one logit as (b, 1). Lesson 5."""
    return logits[:, None] if logits.ndim == 1 else logits


def wide(logits: Tensor) -> Tensor:
    """Scores in at least 32 bits. Lesson 5."""
    return logits.float() if logits.dtype in (torch.float16, torch.bfloat16) else logits
