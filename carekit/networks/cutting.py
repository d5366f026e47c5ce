"""A network cut in two at one layer: what is before it makes the feature maps, what is behind it the scores."""

from collections import OrderedDict

import torch
from jaxtyping import Float
from torch import Tensor, fx, nn
from torch.nn import functional

from carekit.method.seeding import seeded
from carekit.networks.backbone import Parts, PooledLinear
from carekit.networks.layers.axis_order import AxisOrder, axis_order_of
from carekit.networks.layers.find_layer import find_layer, named_layer
from carekit.networks.layers.recorder import Link, Recorder

SIZE = 224  # px at which a layer is looked for: all networks take it, and none has a map of one cell


class AsMaps(nn.Module):
    """Layers whose output becomes feature maps: channels last, or tokens of a grid."""

    def __init__(self, layers: nn.Module):
        super().__init__()
        self.layers = layers

    def forward(self, images: Float[Tensor, "b c h w"]) -> Float[Tensor, "b k u v"]:
        output = self.layers(images)
        order = axis_order_of(tuple(output.shape), (images.shape[2], images.shape[3]))
        if order is None:
            raise ValueError(no_map(tuple(output.shape), (images.shape[2], images.shape[3])))
        return order.maps(output)


class FromMaps(nn.Module):
    """Layers that take channels last, or tokens, given feature maps."""

    def __init__(self, layers: nn.Module, kind: str):
        super().__init__()
        self.layers = layers
        self.kind = kind

    def forward(self, features: Float[Tensor, "b k u v"]) -> Float[Tensor, "b c"]:
        last = features.permute(0, 2, 3, 1)  # (b, k, u, v) -> (b, u, v, k)
        if self.kind == "tokens":
            last = last.flatten(1, 2)  # (b, u, v, k) -> (b, t, k)
        return self.layers(last)


def no_map(shape: tuple[int, ...], image: tuple[int, int]) -> str:
    """The sentence for an output that is no map of an image, such as a vector or tokens that are no grid."""
    put_out = " x ".join(map(str, shape))
    return (
        f"the network's last layer puts out {put_out}, which is no map of {image[0]} x {image[1]} pixels (a vector, or "
        "tokens that are no grid): choose an earlier layer, NAME@LAYER, another image size, or another backbone"
    )


def cut(net: nn.Module, layer: str, order: AxisOrder) -> Parts:
    """The parts of a network of images that ends in scores, its maps those of `layer`.

    Args:
        net: its images are normalised already.
        layer, order: see `locate`.

    Raises:
        ValueError: where something goes past the layer: what is behind it then needs more than its maps.
    """
    if order.skip:
        raise ValueError(
            f"the layer {_short(layer)!r} has a class token beside its maps, which the scores need as well: choose one "
            "behind which it is left out"
        )
    trunk, head = _halves(net, layer)
    if order.kind == "maps":
        return Parts(trunk, head)
    return Parts(AsMaps(trunk), FromMaps(head, order.kind))


def cut_parts(parts: Parts, layer: str) -> Parts:
    """The same network with the maps of an earlier layer of its trunk. Raises ValueError as `locate` and `cut`."""
    name, _ = named_layer(parts.trunk, layer)
    whole = nn.Sequential(OrderedDict(trunk=parts.trunk, head=parts.head))
    trunk, head, *_ = cut(whole, *locate(whole, f"trunk.{name}", before=parts.frozen))
    return parts._replace(trunk=trunk, head=head)


def locate(net: nn.Module, layer: str = "", *, before: nn.Module | None = None) -> tuple[str, AxisOrder]:
    """A layer by its name and the order of its axes, from one pass of two images of noise.

    Args:
        net: the network, its weights random or not.
        layer: by name; by default the last one that is spatial and that the scores depend on image by image, as
            `Care(...).watch(net)` finds it.
        before: what the images go through first.

    Raises:
        ValueError: for a layer that is not there or is no map.
    """
    if layer:
        named_layer(net, layer)
    image = (SIZE, SIZE)
    recorder = Recorder(net, net, Link())
    modes = [(module, module.training) for module in net.modules()]
    net.eval()
    recorder.start({layer: net.get_submodule(layer)} if layer else {})
    try:
        with seeded(0):
            noise = torch.rand(2, 3, *image)
            logits = net(noise) if before is None else net(before(noise))
        passed = recorder.passes_of(logits)[-1]
    finally:
        recorder.stop()
        for module, was_training in modes:
            module.training = was_training
    if not layer:
        found = find_layer(net, [passed], logits, image)
        if found is None:
            raise ValueError("no score depends on any layer of the network: its last layer starts at zero")
        return found
    shape: tuple[int, ...] = ()
    for run in passed.runs[-1:]:
        shape = tuple(run.kept.shape)
    order = axis_order_of(shape, image)
    if order is None:
        raise ValueError(f"layer {_short(layer)!r}: {no_map(shape, image)}")
    return layer, order


def _short(layer: str) -> str:
    return layer.removeprefix("trunk.")


class _Opened(fx.Tracer):
    """Traces only those modules that hold the layer; all others stay whole, as they are in training."""

    def __init__(self, layer: str):
        super().__init__()
        self.layer = layer

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return not self.layer.startswith(f"{module_qualified_name}.")


def _halves(net: nn.Module, layer: str) -> tuple[nn.Module, nn.Module]:
    graph = _Opened(layer).trace(net)
    runs = [node for node in graph.nodes if node.op == "call_module" and node.target == layer]
    (output,) = (node for node in graph.nodes if node.op == "output")
    if not runs:
        raise ValueError(f"the layer {_short(layer)!r} does not run: choose one that the network calls")
    scores = output.args[0]
    if not isinstance(scores, fx.Node):
        raise ValueError("the network puts out more than its scores: give one that returns them alone")
    behind = [*_needed(scores, runs[-1]), scores]
    if any(node.op == "placeholder" for node in behind):
        raise ValueError(
            f"something goes past the layer {_short(layer)!r}, so its maps alone do not make the scores: choose the "
            f"whole block around it, {_short(layer).rpartition('.')[0] or 'or a later one'!r}"
        )
    before = [*_needed(runs[-1], None), runs[-1]]
    head: nn.Module = nn.Identity()
    if scores is not runs[-1]:
        head = _simplest(net, behind, runs[-1])
    return _simplest(net, before, None), head


def _needed(of: fx.Node, start: fx.Node | None) -> list[fx.Node]:
    """The nodes that `of` is made from, in order; what `start` is made from is left out."""
    found: set[fx.Node] = set()
    waiting = [of]
    while waiting:
        for node in waiting.pop().all_input_nodes:
            if node is not start and node not in found:
                found.add(node)
                waiting.append(node)
    return [node for node in of.graph.nodes if node in found]


def _simplest(net: nn.Module, nodes: list[fx.Node], start: fx.Node | None) -> nn.Module:
    """The nodes as a module: pooling and a linear layer, or layers in a row, or else a part of the graph."""
    chain = _chain(nodes, start)
    module = None
    if chain and start is not None:
        module = _pooled_linear(net, chain)
    if chain and module is None:
        module = _in_a_row(net, chain, start is not None)
    return module or _graph_module(net, nodes, start)


def _chain(nodes: list[fx.Node], start: fx.Node | None) -> list[fx.Node]:
    """The nodes behind the input, if each takes what the one before it gives and nothing else; else none."""
    inputs = [start] if start is not None else [node for node in nodes if node.op == "placeholder"]
    chain = [node for node in nodes if node not in inputs]
    for before, node in zip([inputs[-1], *chain], chain, strict=False):
        if node.all_input_nodes != [before]:
            return []
    return chain


def _in_a_row(net: nn.Module, chain: list[fx.Node], behind: bool) -> nn.Module | None:
    if any(node.op != "call_module" or len(node.args) != 1 or node.kwargs for node in chain):
        return None
    modules = [net.get_submodule(str(node.target)) for node in chain]
    if behind:
        _spare_the_input(modules)
    if len(modules) == 1:
        return modules[0]
    named = OrderedDict(zip((_short(str(node.target)).replace(".", "_") for node in chain), modules, strict=True))
    if len(named) < len(modules):  # a layer runs twice
        return None
    return nn.Sequential(named)


def _pooled_linear(net: nn.Module, chain: list[fx.Node]) -> nn.Module | None:
    """Eq. 1 recognised: global average pooling, flattening, and one linear layer."""
    steps = [_step(net, node) for node in chain]
    kinds = [kind for kind, _ in steps if kind != "nothing"]
    if kinds not in (["pool", "flat", "linear"], ["mean", "linear"]):
        return None
    (linear,) = (module for kind, module in steps if kind == "linear")
    assert isinstance(linear, nn.Linear)
    head = PooledLinear(linear.in_features, linear.out_features)
    head.classifier = linear
    return head


def _step(net: nn.Module, node: fx.Node) -> tuple[str, nn.Module | None]:
    if node.op == "call_module":
        module = net.get_submodule(str(node.target))
        if isinstance(module, nn.AdaptiveAvgPool2d) and module.output_size in (1, (1, 1)):
            return "pool", module
        if isinstance(module, nn.Linear):
            return "linear", module
        if isinstance(module, nn.Identity) or (isinstance(module, nn.Dropout) and module.p == 0):
            return "nothing", module
        if isinstance(module, nn.Flatten):
            return "flat", module
        return "other", module
    if node.target is functional.adaptive_avg_pool2d and node.args[1:] in ((1,), ((1, 1),)):
        return "pool", None
    if node.target in (torch.flatten, "flatten") and node.args[1:] == (1,):
        return "flat", None
    if node.target in (torch.mean, "mean") and list(node.args[1:]) in ([[2, 3]], [(2, 3)], [2, 3]) and not node.kwargs:
        return "mean", None
    return "other", None


def _graph_module(net: nn.Module, nodes: list[fx.Node], start: fx.Node | None) -> nn.Module:
    graph = fx.Graph()
    copies = {} if start is None else {start: graph.placeholder("features")}
    for node in nodes:
        copies[node] = graph.node_copy(node, lambda old: copies[old])
    graph.output(copies[nodes[-1]])
    if start is not None:
        _spare_the_input([net.get_submodule(str(node.target)) for node in nodes if node.op == "call_module"])
        for node in graph.nodes:
            if node.kwargs.get("inplace"):
                node.kwargs = dict(node.kwargs) | {"inplace": False}
    return fx.GraphModule(net, graph)


def _spare_the_input(modules: list[nn.Module]) -> None:
    """No layer of a head may overwrite the feature maps that it is given."""
    for module in modules:
        for part in module.modules():
            if getattr(part, "inplace", False):
                part.inplace = False  # type: ignore[assignment]
