"""Compare a loss by its value and by its gradient, which is what a step would do."""

from typing import Any

import torch
from torch import Tensor

from carekit.course.exercises.calling import Unusable


def loss_with_gradient(loss: Any, inputs: Tensor) -> Any:
    """The loss, then its gradient by the inputs, in one list; an empty answer is returned as it is.

    Raises:
        Unusable: for anything but a single number that hangs on a graph.
    """
    if loss is None or loss is ...:
        return loss
    # A plain number is a loss whose graph was left behind, by .item() or NumPy.
    if isinstance(loss, float) or (isinstance(loss, Tensor) and not loss.requires_grad):
        raise Unusable(
            "The loss hangs on no graph, so that no step could follow: compute it with torch from what is given, "
            "without `.item()`, `.detach()` or NumPy."
        )
    if not isinstance(loss, Tensor) or loss.shape != ():
        raise Unusable("Return the loss as a tensor with a single number, such as `(...).mean()`.")
    (gradient,) = torch.autograd.grad(loss, inputs)
    return [loss.detach(), *gradient.flatten()]
