"""A model with CARE at its side: hooks keep the last pass, and a call turns logits, labels and boxes into the loss.

Shapes: b images, n of them with a box and a class, k channels, a map of u x v, an image of h x w, c classes.
"""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import chain
from typing import Any, NamedTuple

import torch
from jaxtyping import Float, Int, Num
from torch import Tensor, nn

import carekit.objectives.care  # not `from`: Care imports this module
from carekit.method.cam import MAPS, gradient_of_each, normalise, scores_of
from carekit.method.graph import joined, nodes, why_no_way
from carekit.method.shapes import Size
from carekit.networks.layers.axis_order import AxisOrder, axis_order_of
from carekit.networks.layers.find_layer import ddp_around, find_layer, named_layer, nothing_found, probe, unwrap
from carekit.networks.layers.hooks import Link
from carekit.networks.layers.passes import Pass, Run, runs_of
from carekit.networks.layers.recorder import Recorder
from carekit.objectives.objective import Loss
from carekit.objectives.watch.masks import NO_SIZE, masks_of
from carekit.objectives.watch.scores import columns, scores_in, wide
from carekit.objectives.watch.targets import LABELS, Target, class_loss_of, ignored_by, target_of

GOLDEN = 0.6180339887  # multiples of it, less their whole part, are evenly spread


class LastMaps(NamedTuple):
    """The maps of one call, in [0, 1], the masks they were compared with, and which images of the batch they are of.

    Lesson 5.
    """

    maps: Float[Tensor, "n u v"]
    masks: Num[Tensor, "n h w"]
    rows: Int[Tensor, " n"]


class Batch(NamedTuple):
    """What the last pass left for one call: logits with a graph, the layer's parts, their order, do images mix.

    Lesson 5.
    """

    logits: Float[Tensor, "b c"]
    parts: list[Tensor]
    order: AxisOrder
    mixes: bool


class Watched:
    """CARE for any model, made by `Care(...).watch(model)`.

    Args:
        care: the objective.
        model: any network of images that ends in scores; wrapped (DDP, DataParallel, torch.compile) or not.
        layer: the layer whose output the maps are of, by name or as a module. By default it is found at the first
            batch: the last output that is spatial and that the scores depend on image by image.
        class_loss: L_c of (logits, labels). By default the labels' kind decides: cross-entropy for classes, one-hot
            and soft labels, a sigmoid's for one logit.
        quiet: do not print which layer was found.

    Raises:
        ValueError: for a layer that is not in the model.

    Lesson 5.
    """

    def __init__(
        self,
        care: "carekit.objectives.care.Care",
        model: nn.Module,
        layer: str | nn.Module | None = None,
        *,
        class_loss: Callable[[Any, Any], Tensor] | None = None,
        quiet: bool = False,
    ):
        self.care = self._full = care
        self.model = model
        self.class_loss = class_loss
        self.quiet = quiet
        self.layer: str | None = None
        self.last: LastMaps | None = None
        self._mixes: dict[bool, bool] = {}  # by training mode
        self._warned = False
        self._trains = False
        self._link = Link()
        inner = unwrap(model)
        # DataParallel runs replicas of the inner network, whose calls our hooks must not take for passes.
        entry = model if isinstance(model, nn.DataParallel) else inner
        self._recorder = Recorder(inner, entry, self._link, ddp_around(model))
        layers = {}
        if layer is not None:
            self.layer, module = named_layer(inner, layer)
            layers[self.layer] = module
        self._recorder.start(layers)

    def __call__(
        self,
        logits: Any,
        labels: Any,
        boxes: Any = None,
        *,
        target: Any = LABELS,
        format: str | None = None,
        class_loss: Callable[[Any, Any], Tensor] | None = None,
    ) -> Loss:
        """The loss of the batch that the model has just seen.

        Args:
            logits: what the model returned, (b, c) or (b,); or an output that has it as `.logits`.
            labels: class numbers (b,), one-hot or soft labels (b, c), 0 / 1 for one logit. A negative class or the
                loss's `ignore_index` is no label: that image gets no map.
            boxes: for each image its boxes (x0, y0, x1, y1) in pixels, or [] or None; or masks (b, h, w), 1 inside.
                None: no image of the batch has any.
            target: the class whose map is compared with the boxes, if not the label's: a number for all, a tensor as
                labels are, or None for the predicted class.
            format: "xyxy" (default), "xywh" or "cxcywh", of boxes that do not carry their own.
            class_loss: L_c for this call.

        Returns:
            The loss and its parts; `total` is what to differentiate. Means over images with a box are NaN without any.

        Raises:
            ValueError: where logits, features, labels and boxes do not belong together; the sentence says why.
        """
        self.last = None  # whatever comes of this batch, the maps of the one before are not its maps
        given = scores_in(logits)
        if isinstance(labels, (tuple, list)) and any(isinstance(label, Tensor) and label.ndim for label in labels):
            raise ValueError(
                f"labels are {len(labels)} tensors: give one, (b,) or (b, c); of mixed images shares of classes, "
                "share * one_hot(labels) + (1 - share) * one_hot(others)"
            )
        labels = torch.as_tensor(labels, device=given.device)
        if len(labels) != len(given):
            raise ValueError(f"{len(given)} logits and {len(labels)} labels: give both of the same batch")
        if self.care.ramp and self._recorder.entry.training:
            raise ValueError(
                f"ramp = {self.care.ramp:g} needs the epoch: write care.at(epoch, epochs) at the start of each, from 0"
            )
        class_loss = class_loss or self.class_loss
        with torch.autocast(given.device.type, enabled=False):  # sums in 32 bits
            y = wide(given)
            if class_loss is None:
                l_c = class_loss_of(columns(y), labels)
            else:
                # Whole numbers of the scores' shape are shares of classes, which every loss wants as floats.
                shares = labels.ndim == 2 and labels.shape == y.shape
                l_c = class_loss(y, labels.to(y.dtype) if shares else labels)
        if l_c.ndim:
            raise ValueError(f"class_loss returned the shape {tuple(l_c.shape)}: give a scalar, reduction='mean'")
        if self.care.alpha == 0 and self._recorder.entry.training:
            return self.care.without_maps(l_c)
        with exact(given.device):
            return self._with_attention(given, labels, boxes, l_c, target, format, ignored_by(class_loss))

    def _with_attention(
        self,
        given: Tensor,
        labels: Tensor,
        boxes: Any,
        l_c: Tensor,
        target: Any,
        format: str | None,
        ignored: int,
    ) -> Loss:
        image = self._recorder.size_of(given)
        masks, has_box = masks_of(boxes, len(given), image, format)
        if not bool(has_box.any()):
            return self.care.without_maps(l_c)
        batch = self._batch(given, image or (masks.shape[1], masks.shape[2]))
        if batch is None:
            return self.care.without_maps(l_c)
        chosen = target_of(columns(given), labels, target, ignored)
        rows = (has_box & chosen.known.cpu()).nonzero()[:, 0]
        maps = self._maps(batch, chosen, rows)
        masks = masks[rows.to(masks.device)]
        self.last = LastMaps(maps.detach(), masks, rows)
        if self.care.alpha == 0 or len(rows) == 0:
            return self.care.without_maps(l_c)
        return self.care.with_maps(l_c, maps, masks, chosen.classes[rows.to(given.device)], len(given))

    def at(self, epoch: int, epochs: int) -> None:
        """Take the α of this epoch, the first is 0, as `Care.at` has it: for an objective with a ramp."""
        self.care = replace(self._full.at(epoch, epochs), ramp=0.0)

    def maps(self, logits: Any, target: Any = None) -> Float[Tensor, "b u v"]:
        """The maps of all images of the last pass in [0, 1], without a graph: for looking at, in training or not.

        Args:
            logits: what the model returned.
            target: the class of each map, as in a call; None for the predicted class.

        Raises:
            ValueError: as a call does.
        """
        given = scores_in(logits)
        image = self._recorder.size_of(given)
        if image is None:
            raise ValueError(NO_SIZE)
        with exact(given.device):
            batch = self._batch(given, image)
            if batch is None:
                raise ValueError("every gradient of the scores is zero in this batch: train for a step first")
            chosen = target_of(columns(given), None, target)
            return self._maps(batch, chosen, torch.arange(len(given))).detach()

    def _batch(self, given: Tensor, image: Size) -> Batch | None:
        """The passes that gave these logits, seen as features and scores; None while the layer is not known."""
        passes = self._recorder.passes_of(given)
        if not passes:
            raise ValueError(self._why_nothing_ran())
        with torch.enable_grad():
            logits = columns(self._recorder.with_graph(given, passes))
        images = [each.count for each in passes if each.count is not None]
        if len(images) == len(passes) and sum(images) != len(given):
            raise ValueError(self._why_counts_differ(passes, len(given)))
        layer = self._choose(passes, logits, image) if self.layer is None else self.layer
        if layer is None:
            return None
        runs = runs_of(passes, layer, len(given))
        if not runs:
            raise ValueError(self._why_counts_differ(passes, len(given)))
        self._check_runs(passes, layer, runs)
        parts = [run.kept for run in runs]
        order = axis_order_of(tuple(parts[0].shape), image)
        if order is None:
            raise ValueError(_no_map(layer, tuple(parts[0].shape), image))
        for each in passes:
            each.used = True
        self._warn_if_nothing_is_trained(runs)
        return Batch(logits, parts, order, self._do_images_mix(logits, runs, order))

    def _choose(self, passes: list[Pass], logits: Tensor, image: Size) -> str | None:
        found = find_layer(self._recorder.model, passes, logits, image)
        if found is None:
            return None
        self.layer, order = found
        self._recorder.start({self.layer: self._recorder.model.get_submodule(self.layer)})
        for each in self._recorder.passes:
            each.runs = [run for run in each.runs if run.name == self.layer]
        distributed = torch.distributed
        running = distributed.is_available() and distributed.is_initialized()
        if not self.quiet and not (running and distributed.get_rank() > 0):  # once, not in each rank
            u, v = order.size
            print(f"CARE watches the layer {self.layer!r}, maps of {u} x {v}; watch(model, layer=...) takes another")
        return self.layer

    def _do_images_mix(self, logits: Tensor, runs: list[Run], order: AxisOrder) -> bool:
        """Whether a batch normalisation mixes the images behind the layer: asked of the graph, and once by trying."""
        training = self._recorder.entry.training
        parts = [run.kept for run in runs]
        if training not in self._mixes and len(logits) > 1:
            found = probe(str(self.layer), order, parts, logits)
            if found is None and runs[-1].sealed:
                raise ValueError(
                    f"the layer {self.layer!r} runs inside of a torch.no_grad() of the model, and others after it: "
                    "give the last layer there, or freeze the weights with requires_grad_(False) in place of no_grad"
                )
            if found is None:
                raise ValueError(why_no_way(logits, parts[-1], None))
            if found.depends:
                self._mixes[training] = found.mixes
            elif found.elsewhere:
                raise ValueError(_only_class_token(str(self.layer)))
        return self._mixes.get(training, False)

    def _check_runs(self, passes: list[Pass], layer: str, runs: list[Run]) -> None:
        """Raise ValueError where the layer has run on several inputs of each image, so that it is unclear which."""
        all_runs = chain.from_iterable(each.runs for each in passes)
        earlier = [run for run in all_runs if run.name == layer and not any(run is last for last in runs)]
        if not earlier or not runs[-1].kept.requires_grad:
            return
        # A layer that is used twice on the way, such as a shared ReLU, has made its first output into its second.
        below = set(nodes(torch.autograd.graph.get_gradient_edge(runs[-1].kept).node))
        apart = [run for run in earlier if torch.autograd.graph.get_gradient_edge(run.kept).node not in below]
        if apart and len(apart[-1].kept) == sum(len(run.kept) for run in runs):
            raise ValueError(
                f"the layer {layer!r} ran on {len(apart) + 1} inputs in one call, and the boxes may be of any: name a "
                "layer that runs once, watch(model, layer=...), or call the model with the image of the boxes alone"
            )

    def _maps(self, batch: Batch, chosen: Target, rows: Int[Tensor, " n"]) -> Float[Tensor, "n u v"]:
        rows = rows.to(batch.logits.device)
        with torch.enable_grad():
            scores = scores_of(batch.logits, chosen.choice, self.care.gradient_of)
            gradient = gradient_of_each(
                scores, batch.parts, rows, batch.logits, mixes=batch.mixes, second_order=self.care.second_order
            )
            features = joined(batch.parts, batch.logits.device)[rows]
            if not batch.mixes:
                self._check_order(scores, batch, rows, gradient)
        make = MAPS.named(self.care.method).function
        return normalise(make(batch.order.maps(features).float(), batch.order.maps(gradient).float()))

    def _check_order(self, scores: Tensor, batch: Batch, rows: Tensor, gradient: Tensor) -> None:
        """Raise ValueError where the scores are not in the order of the images, in this very batch.

        If each score is of its own image, a weight on the score is the same weight on the image's gradient.
        """
        if len(rows) < 2:
            return
        weights = 1 + torch.arange(1, len(scores) + 1, device=scores.device) * GOLDEN % 1  # far apart for neighbours
        weighted = gradient_of_each(scores * weights.to(scores.dtype), batch.parts, rows, batch.logits).flatten(1)
        plain = gradient.detach().flatten(1)  # (n, ...) -> (n, m)
        off = (weighted - weights[rows, None].to(plain.dtype) * plain).abs().amax(1)
        if bool((off > 0.05 * plain.abs().amax(1)).any()):
            raise ValueError(
                "the scores are not in the order of the images that the layer saw (shuffled in the model, or parts "
                "joined in another order): give them, labels and boxes in the order in which the images ran"
            )

    def _warn_if_nothing_is_trained(self, parts: list[Run]) -> None:
        """Warn once if no weight before the layer could be moved by the attention loss."""
        care = self.care
        if self._warned or care.alpha == 0 or care.second_order or not self._recorder.entry.training:
            return
        if torch.is_grad_enabled() and not self._has_weights(parts[-1]):
            self._warned = True
            warnings.warn(
                f"{self.layer!r} and all before it are frozen, so the attention loss trains nothing: unfreeze the last "
                "layers, or train the head with Care(second_order=True)",
                stacklevel=5,
            )

    def _has_weights(self, run: Run) -> bool:
        if self._trains or run.cut:
            return not run.cut
        end = torch.autograd.graph.get_gradient_edge(run.kept).node
        self._trains = any(isinstance(getattr(node, "variable", None), nn.Parameter) for node in nodes(end))
        return self._trains

    def _why_nothing_ran(self) -> str:
        inner = self._recorder.model
        if self.layer is not None and dict(inner.named_modules()).get(self.layer) is not self._recorder.layers.get(
            self.layer
        ):
            return f"the layer {self.layer!r} was replaced after watch(): call Care(...).watch(model) again"
        if is_compiled(self.model):
            return (
                "the compiled model ran without its hooks: call Care(...).watch(model) before the model's first call, "
                "or torch.compiler.reset() after it"
            )
        if self.layer is None and self._recorder.n_passes:
            return nothing_found([], self._recorder.last_size)
        if self._recorder.n_passes:
            return f"the layer {self.layer!r} did not run in the model's last pass: choose one that does"
        return "the model was not called since watch(): write care(model(images), labels, boxes) with the same model"

    def _why_counts_differ(self, passes: list[Pass], count: int) -> str:
        runs = chain.from_iterable(each.runs for each in passes)
        held = sum(len(run.kept) for run in runs if run.name == self.layer)
        what = f"the layer {self.layer!r} put out maps of {held} images in the last pass"
        if self.layer is None:
            what = f"the model was called with {sum(each.count or 0 for each in passes)} images in the last pass"
        elif held == 0:
            return self._why_nothing_ran()
        return f"{count} logits, but {what}: give the logits of that pass, all of them and no others"

    def stop(self) -> None:
        """Take the hooks away; the model is as it was."""
        self._recorder.stop()
        self._recorder.forget()

    def __enter__(self) -> "Watched":
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()

    def __repr__(self) -> str:
        where = "its layer is found at the first batch" if self.layer is None else f"layer={self.layer!r}"
        return f"{self.care!r}.watch({type(self.model).__name__}, {where})"

    def __getstate__(self) -> dict:
        """For a copy or a pickle: with the model, and without what the last pass left."""
        recorder = self._recorder
        state = {name: value for name, value in self.__dict__.items() if name not in ("_recorder", "last")}
        return state | {"_parts": (recorder.model, recorder.entry, recorder.outer, recorder.layers)}

    def __setstate__(self, state: dict) -> None:
        inner, entry, outer, layers = state.pop("_parts")
        self.__dict__.update(state, last=None)
        self._recorder = Recorder(inner, entry, self._link, outer)  # the copied hooks hold the copied link
        self._recorder.layers = layers


@contextmanager
def exact(device: torch.device) -> Iterator[None]:
    """Maps in 32 bits whatever the autocast, and with a graph inside of inference mode. Lesson 5."""
    grad = torch.is_grad_enabled()
    with torch.autocast(device.type, enabled=False), torch.inference_mode(False), torch.set_grad_enabled(grad):
        yield


def is_compiled(model: nn.Module) -> bool:
    """Whether torch.compile is anywhere in the model. Lesson 5."""
    return any(
        hasattr(module, "_orig_mod") or getattr(module, "_compiled_call_impl", None) is not None
        for module in model.modules()
    )


def _no_map(layer: str, shape: tuple[int, ...], image: Size) -> str:
    put_out = f"the layer {layer!r} puts out {' x '.join(map(str, shape))}"
    if len(shape) == 5:
        return f"{put_out}, a volume: maps are of two dimensions, so give slices to the model"
    if len(shape) == 4 and 1 in (shape[2] * shape[3], shape[1] * shape[2]):
        return f"{put_out}, one cell an image, which shows no place: choose a layer before the pooling"
    return (
        f"{put_out}, which is no map of {image[0]} x {image[1]} images (its sides do not have their proportions): "
        "choose a layer that puts out (b, k, u, v), (b, u, v, k) or tokens (b, t, k)"
    )


def _only_class_token(layer: str) -> str:
    return (
        f"the scores depend on the class token of {layer!r} and not on its patches: choose a layer before the last "
        "attention, for example the first norm of the last block"
    )
