"""The layer that the maps are of: the last output that is spatial and that each image's scores depend on."""

import re
from collections.abc import Sequence
from itertools import chain
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from carekit.ground.messages import one_of
from carekit.method.graph import batch_norm_between, gradients_of, joined
from carekit.networks.layers.axis_order import AxisOrder, axis_order_of
from carekit.networks.layers.passes import Pass, Run, runs_of

POOLING = (nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d)
MOST_ASKED = 8  # images whose scores are asked for the layer that they depend on
ATTENTION = re.compile("attention|attn|mh?sa$|mha$", re.IGNORECASE)
WRAPPERS = (nn.DataParallel, nn.parallel.DistributedDataParallel)


class Candidate(NamedTuple):
    """An output that is a map by its shape.

    depends: an image's score has a gradient at its own cells. mixes: and at other images', or at least may have.
    elsewhere: it has one at none of its own cells, but elsewhere in the output, as at its class token.
    """

    name: str
    order: AxisOrder
    depends: bool
    mixes: bool
    elsewhere: bool


def unwrap(model: nn.Module) -> nn.Module:
    """The network inside of DataParallel, DistributedDataParallel and torch.compile."""
    return _shells(model)[-1]


def _shells(model: nn.Module) -> list[nn.Module]:
    """A model, then what is inside of each wrapper: the network is last."""
    shells = [model]
    while isinstance(model, WRAPPERS) or hasattr(model, "_orig_mod"):
        model = model.module if isinstance(model, WRAPPERS) else model.get_submodule("_orig_mod")
        shells.append(model)
    return shells


def ddp_around(model: nn.Module) -> nn.Module | None:
    """The DistributedDataParallel among the wrappers of a network."""
    return next((each for each in _shells(model) if isinstance(each, nn.parallel.DistributedDataParallel)), None)


def named_layer(model: nn.Module, layer: str | nn.Module) -> tuple[str, nn.Module]:
    """The layer and its name, from its name or the module.

    Raises:
        ValueError: for a name that is not in the model (with the nearest ones), a module of another model, and one
            that only holds others and is never called.
    """
    modules = dict(model.named_modules(remove_duplicate=False))
    if isinstance(layer, nn.Module):
        name = next((name for name, module in modules.items() if module is layer), None)
        if name is None:
            raise ValueError(f"layer is a {type(layer).__name__} that is not in the model: take one of this model")
    else:
        name = str(layer).removeprefix("module.").removeprefix("_orig_mod.")
        names = [known for known in modules if known]
        if name not in modules:
            same_level = [known for known in names if known.count(".") == name.count(".")]
            one_of("layer", name, same_level or names)
    module = modules[name]
    if type(module).forward is nn.Module.forward:  # a ModuleList, for example
        children = [f"{name}.{child}" for child, _ in module.named_children()] or ["another"]
        raise ValueError(
            f"layer {name!r} only holds others and is never called: choose one that is, for example {children[-1]!r}"
        )
    return name, module


def find_layer(
    model: nn.Module, passes: Sequence[Pass], logits: Float[Tensor, "b c"], image: tuple[int, int]
) -> tuple[str, AxisOrder] | None:
    """The last layer in order of execution that is a map by its shape and that the scores depend on image by image.

    Args:
        model: the network, to know which modules are parts of an attention.
        passes: the batch's passes with all their outputs.
        logits: the scores, with their graph.
        image: (height, width) of the images.

    Returns:
        Its name and order; None where every gradient is zero, so that this batch cannot tell (a head that starts at
        zero).

    Raises:
        ValueError: where there is no such layer.
    """
    mixing = None
    flat = False
    for name, runs in _latest_first(passes, len(logits)):
        order = axis_order_of(tuple(runs[0].kept.shape), image)
        if order is None or _is_no_place_of_maps(model, name):
            continue
        found = probe(name, order, [run.kept for run in runs], logits)
        if found is None:
            continue
        if not found.depends:
            flat = True
        elif not found.mixes:
            return name, order
        elif mixing is None:
            mixing = found
    if mixing is not None:
        return mixing.name, mixing.order
    if flat and _all_zero(passes, logits):
        return None
    raise ValueError(nothing_found(passes, image))


def _latest_first(passes: Sequence[Pass], count: int) -> list[tuple[str, list[Run]]]:
    """The layers by their last run, latest first, each with the runs that are this batch."""
    latest: dict[str, int] = {}
    for i, run in enumerate(passes[-1].runs):
        latest[run.name] = i
    found = []
    for name in sorted(latest, key=lambda name: -latest[name]):
        runs = runs_of(passes, name, count)
        if runs:
            found.append((name, runs))
    return found


def _is_no_place_of_maps(model: nn.Module, name: str) -> bool:
    """Whether it only pools to a fixed size, or is a part of an attention, whose queries and keys are no maps."""
    if isinstance(model.get_submodule(name), POOLING):
        return True
    steps = name.split(".")
    parents = [".".join(steps[:i]) for i in range(1, len(steps))]
    kinds = [type(model.get_submodule(parent)).__name__ for parent in parents]
    # A block of layers is named after its attention in some networks, and is not one.
    return any(ATTENTION.search(kind) and "block" not in kind.lower() for kind in kinds)


def probe(name: str, order: AxisOrder, parts: list[Tensor], logits: Float[Tensor, "b c"]) -> Candidate | None:
    """Whether an image's scores depend on its own maps, and on those of other images; None where on none at all.

    One image is asked, and more only while the answer is no: stochastic depth may have left out its way.
    """
    if not logits.requires_grad:
        return None
    own = elsewhere = others = False
    # Different weights for the scores, so that those that sum to a constant do not cancel.
    slopes = torch.linspace(1, 2, logits.shape[1], device=logits.device)
    for row in range(min(len(logits), MOST_ASKED)):
        with torch.enable_grad():
            score = (logits[row].float() * slopes).sum()
        gradients = gradients_of(score, parts, logits)
        if all(gradient is None for gradient in gradients):
            return None
        pairs = zip(gradients, parts, strict=True)
        filled = [torch.zeros_like(part) if gradient is None else gradient for gradient, part in pairs]
        whole = joined(filled, logits.device)  # (b, ...)
        own = bool(order.maps(whole)[row].any())
        elsewhere = not own and bool(whole.any())
        others = bool(whole[:row].any()) or bool(whole[row + 1 :].any())
        if own or others:
            break
    return Candidate(name, order, own, others or batch_norm_between(logits, parts), elsewhere)


def _all_zero(passes: Sequence[Pass], logits: Float[Tensor, "b c"]) -> bool:
    kept: list[Tensor] = []
    for each in passes:
        kept += [run.kept for run in each.runs if run.kept.requires_grad]
    with torch.enable_grad():
        target = logits.float().square().sum()
    gradients = gradients_of(target, kept, logits)
    return not any(gradient is not None and bool(gradient.any()) for gradient in gradients)


def nothing_found(passes: Sequence[Pass], image: tuple[int, int] | None) -> str:
    """The sentence for a network in which no layer could be found."""
    last = list(chain.from_iterable(each.runs[-4:] for each in passes))
    shapes = ", ".join(dict.fromkeys(f"{run.name} {tuple(run.kept.shape)}" for run in last))
    seen, images = "no layer put out anything of 3 or 4 axes", "the images"
    if shapes:
        seen = f"the last outputs were {shapes}"
    if image is not None:
        images = f"the {image[0]} x {image[1]} images"
    return (
        f"no layer found whose output is a map of {images} and that the scores depend on "
        f"({seen}): name one, watch(model, layer=...), whose output is (b, k, u, v), (b, u, v, k) or tokens (b, t, k)"
    )
