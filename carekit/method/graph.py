"""What torch's graph tells about logits and features: whether images mix on the way, and why there is no way."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from jaxtyping import Float, Shaped
from torch import Tensor
from torch.autograd.graph import Node

NO_WAY = "the logits were not computed from these features"
_RESHAPES = ("View", "Reshape", "Permute", "Transpose", "TBackward", "Slice", "Unflatten", "Unsafe")


def batch_norm_between(logits: Tensor, features: Sequence[Tensor]) -> bool:
    """Whether a batch normalisation in training mode is between: each image's score then depends on the others.

    Lesson 2.
    """
    ends = {torch.autograd.graph.get_gradient_edge(each).node for each in features if each.requires_grad}
    if logits.grad_fn is None:
        return False
    reaching = _reaching(logits.grad_fn, ends)
    return any("BatchNorm" in node.name() and _in_training(node) for node in reaching)


def _in_training(node: Node) -> bool:
    # CPU and cuDNN write it in different fields of the node.
    return bool(getattr(node, "_saved_training", getattr(node, "_saved_train", True)))


def _reaching(start: Node, ends: set[Node]) -> set[Node]:
    """The nodes on a way from `start` down to one of `ends`, which are left out."""
    order = []  # of leaving: a node comes after all nodes below it
    seen = set()
    stack = [(start, False)]
    while stack:
        node, done = stack.pop()
        if done:
            order.append(node)
        elif node not in seen:
            seen.add(node)
            stack.append((node, True))
            if node not in ends:
                stack.extend((parent, False) for parent, _ in node.next_functions if parent is not None)
    reaching = set(ends)
    for node in order:  # parents come before what was made of them
        if any(parent in reaching for parent, _ in node.next_functions):
            reaching.add(node)
    return reaching - ends


def nodes(start: Node | None) -> Iterator[Node]:
    """All nodes of the graph of `start`, nearest first; a leaf has none. Lesson 2."""
    if start is None:
        return
    seen = {start}
    queue = [start]  # grows while it is read: breadth first
    for node in queue:
        yield node
        for parent, _ in node.next_functions:
            if parent is not None and parent not in seen:
                seen.add(parent)
                queue.append(parent)


@contextmanager
def unseen_by_ddp(logits: Tensor) -> Iterator[None]:
    """With `static_graph`, DistributedDataParallel joins the ranks' gradients at the end of the first backward pass.

    That would be the map's, and the training step's gradients would never be joined: here it sees none.

    Lesson 2.
    """
    ends = []
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        ends = [node for node in nodes(logits.grad_fn) if hasattr(node, "ddp_weakref")]
    networks = [end.ddp_weakref() for end in ends if end.ddp_weakref().static_graph]
    joined = [network._static_graph_delay_allreduce_enqueued for network in networks]
    for network in networks:
        network._static_graph_delay_allreduce_enqueued = True
    try:
        yield
    finally:
        for network, before in zip(networks, joined, strict=True):
            network._static_graph_delay_allreduce_enqueued = before


def gradients_of(
    target: Float[Tensor, ""], parts: Sequence[Tensor], logits: Float[Tensor, "b c"], *, second_order: bool = False
) -> tuple[Tensor | None, ...]:
    """∂ target / ∂ part for each part of a layer's output, None where it is not on the way; the graph stays.

    Raises ValueError, with the reason, where torch cannot differentiate; the target was computed from `logits`.

    Lesson 2.
    """
    try:
        with unseen_by_ddp(logits):
            return torch.autograd.grad(target, parts, retain_graph=True, create_graph=second_order, allow_unused=True)
    except RuntimeError as error:
        raise ValueError(why_no_way(logits, parts[-1], error)) from error


def joined(parts: Sequence[Tensor], device: torch.device) -> Shaped[Tensor, "b *axes"]:
    """The parts of a batch, which may lie on several devices, as one tensor. Lesson 2."""
    return parts[0] if len(parts) == 1 else torch.cat([part.to(device) for part in parts])


def why_no_way(logits: Tensor, features: Tensor, error: RuntimeError | None) -> str:
    """One sentence: why the logits have no gradient by these features, and what to do.

    Args:
        logits, features: as they were given.
        error: what torch's differentiation said, or None where it only found no connection.

    Lesson 2.
    """
    if error is not None and "second time" in str(error):
        return (
            "a backward pass has run through these logits already and freed their graph: call care before it, "
            "or write backward(retain_graph=True) there"
        )
    if error is not None and "donated buffer" in str(error):
        return (
            "the compiled model gave up buffers that the map needs: set torch._functorch.config.donated_buffer = False "
            "before its first call"
        )
    if not logits.requires_grad:
        return _no_graph(features)
    names = [node.name() for node in nodes(logits.grad_fn)]
    if any("CheckpointFunction" in name for name in names):
        return (
            f"{NO_WAY} in a way that torch can follow, because a reentrant checkpoint hides it: write "
            "torch.utils.checkpoint.checkpoint(..., use_reentrant=False), or leave the layer out of it"
        )
    if not features.requires_grad:
        return _cut_or_frozen(logits, features)
    if any("CompiledFunction" in name for name in names):
        return (
            f"{NO_WAY} in a way that torch can follow, because the model is compiled in one piece: "
            "use care = Care(...).watch(model), before the model's first call"
        )
    if _is_reshaped(logits, features):
        return (
            "the features were reshaped or cut after the layer, and the logits come from what it put out: give that, "
            "or use care = Care(...).watch(model), which turns tokens into maps"
        )
    return f"{NO_WAY} but in another forward pass: take both from one"


def _no_graph(features: Tensor) -> str:
    if features.requires_grad:
        return "the logits were detached: give them as the model puts them out, with their graph"
    return (
        f"{NO_WAY} with gradients on, as a map needs them: they come from torch.no_grad() or torch.inference_mode(), "
        "so switch it off around the model, or use care = Care(...).watch(model), which works in validation too"
    )


def _cut_or_frozen(logits: Tensor, features: Tensor) -> str:
    for node in nodes(logits.grad_fn):
        # Something of the features' shape is on the way: the features themselves, before they were detached.
        if any(tuple(meta.shape) == tuple(features.shape) for meta in getattr(node, "_input_metadata", ())):
            return "the features were detached: give them as the layer puts them out, with their graph"
    return (
        "the layer and all before it are frozen, so the features carry no gradient: unfreeze the last layers, or use "
        "care = Care(...).watch(model), which makes the map all the same"
    )


def _is_reshaped(logits: Tensor, features: Tensor) -> bool:
    # Up from the features through what only reshapes, to the output that the logits come from.
    below = set(nodes(logits.grad_fn))
    node = features.grad_fn
    while node is not None and any(name in node.name() for name in _RESHAPES):
        node = next((parent for parent, _ in node.next_functions if parent is not None), None)
        if node in below:
            return True
    return False


def in_backward() -> bool:
    """Whether torch is running a backward pass in this thread, where a checkpoint computes its part again.

    Lesson 2.
    """
    return torch._C._current_graph_task_id() != -1
