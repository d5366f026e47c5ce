"""The classifier of any backbone: the last linear layer of its head, and what goes into it."""

from collections.abc import Iterator
from contextlib import contextmanager

from jaxtyping import Float
from torch import Tensor, nn

from carekit.networks import Backbone


def last_linear(model: Backbone) -> nn.Linear:
    """The last linear layer of the head: what turns an embedding (b, d) into logits (b, c).

    Raises:
        ValueError: for a head that does not end in one with a bias, an output for each class.
    """
    layers = [module for module in model.head.modules() if isinstance(module, nn.Linear)]
    if not layers or layers[-1].out_features != model.n_classes or layers[-1].bias is None:
        raise ValueError(
            f"the head of {model.name} does not end in a linear layer with a bias and {model.n_classes} outputs: "
            "choose a strategy that leaves the classifier as it is"
        )
    return layers[-1]


def embedding(model: Backbone, features: Float[Tensor, "b k u v"]) -> Float[Tensor, "b d"]:
    """What the last linear layer is given for these feature maps: their means, where the head is pooling and it."""
    with _inputs_of(last_linear(model)) as taken:
        model.head(features.float())  # mixed precision ends at the feature maps
    return taken[0]


@contextmanager
def _inputs_of(layer: nn.Module) -> Iterator[list[Tensor]]:
    taken: list[Tensor] = []
    handle = layer.register_forward_pre_hook(lambda _module, arguments: taken.append(arguments[0]))
    try:
        yield taken
    finally:
        handle.remove()


def freeze_all_but(model: Backbone, *kept: nn.Module) -> None:
    """Train the weights of `kept` alone."""
    model.requires_grad_(False)
    for module in kept:
        module.requires_grad_(True)
