"""The layer whose maps are meant: the last output that is spatial and that each image's scores depend on."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from carekit.ground.messages import one_of
from carekit.method.graph import batch_norm_between, gradients_of
from carekit.networks.layers.axis_order import AxisOrder, axis_order_of
from carekit.networks.layers.passes import Pass, Run, trailing

POOLING = (nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d)
WRAPPERS = (nn.DataParallel, nn.parallel.DistributedDataParallel)


class Candidate(NamedTuple):
    """An output that is a map by its shape.

    depends: image 0's score has a gradient at its own cells. mixes: and at other images', or at least may have.
    elsewhere: it has one at none of its own cells, but at its class token.
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
    """The layer by its name or by itself, with its name.

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
        name = _known_name(str(layer), modules)
    found = modules[name]
    if type(found).forward is nn.Module.forward:  # a ModuleList, for example
        parts = [f"{name}.{child}" for child, _ in found.named_children()]
        hint = f"choose one that is, for example {parts[-1]!r}" if parts else "choose one that is"
        raise ValueError(f"layer {name!r} only holds others and is never called: {hint}")
    return name, found


def _known_name(name: str, modules: dict[str, nn.Module]) -> str:
    name = name.removeprefix("module.").removeprefix("_orig_mod.")
    if name in modules:
        return name
    level = name.count(".")
    alike = [each for each in modules if each and each.count(".") == level]
    return one_of("layer", name, alike or [each for each in modules if each])


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
        runs = trailing([run for each in passes for run in each.parts(name)], count)
        if runs:
            found.append((name, runs))
    return found


def _is_no_place_of_maps(model: nn.Module, name: str) -> bool:
    """Whether it only pools to a fixed size, or is a part of an attention, whose queries and keys are no maps."""
    if isinstance(model.get_submodule(name), POOLING):
        return True
    steps = name.split(".")
    parents = [".".join(steps[:i]) for i in range(1, len(steps))]
    kinds = [type(model.get_submodule(parent)).__name__.lower() for parent in parents]
    # A block of layers is named after its attention in some networks, and is not one.
    return any(("attention" in kind or "attn" in kind) and "block" not in kind for kind in kinds)


def probe(name: str, order: AxisOrder, parts: list[Tensor], logits: Float[Tensor, "b c"]) -> Candidate | None:
    """Whether image 0's scores depend on its own maps, and on those of other images; None where on none at all."""
    if not logits.requires_grad:
        return None
    with torch.enable_grad():
        slopes = torch.linspace(1, 2, logits.shape[1], device=logits.device)
        score = (logits[0].float() * slopes).sum()
    gradients = gradients_of(score, parts, logits)
    if all(gradient is None for gradient in gradients):
        return None
    own, others = _split_first(order, gradients)
    mixes = bool(others) or batch_norm_between(logits, parts)
    elsewhere = not own and any(bool(each.any()) for each in gradients if each is not None)
    return Candidate(name, order, bool(own), mixes, elsewhere)


def _split_first(order: AxisOrder, gradients: Sequence[Tensor | None]) -> tuple[bool, bool]:
    """Whether image 0's part of the gradient, and that of the others, is anywhere not zero."""
    first = gradients[0]
    own = first is not None and bool(order.maps(first)[:1].any())
    rest = [first[1:]] if first is not None else []
    rest += [gradient for gradient in gradients[1:] if gradient is not None]
    return own, any(bool(each.any()) for each in rest)


def _all_zero(passes: Sequence[Pass], logits: Float[Tensor, "b c"]) -> bool:
    kept = [run.kept for each in passes for run in each.runs if run.kept.requires_grad]
    with torch.enable_grad():
        target = logits.float().square().sum()
    gradients = gradients_of(target, kept, logits)
    return not any(gradient is not None and bool(gradient.any()) for gradient in gradients)


def nothing_found(passes: Sequence[Pass], image: tuple[int, int] | None) -> str:
    """The sentence for a network in which no layer could be found."""
    shapes = dict.fromkeys(f"{run.name} {tuple(run.kept.shape)}" for each in passes for run in each.runs[-4:])
    seen = f"the last outputs were {', '.join(shapes)}" if shapes else "no layer put out anything of 3 or 4 axes"
    images = "the images" if image is None else f"the {image[0]} x {image[1]} images"
    return (
        f"no layer found whose output is a map of {images} and that the scores depend on "
        f"({seen}): name one, watch(model, layer=...), whose output is (b, k, u, v), (b, u, v, k) or tokens (b, t, k)"
    )
