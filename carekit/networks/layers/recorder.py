"""Keep what layers put out in the last forward pass, with a graph behind it, and leave no other trace."""

import weakref
from itertools import chain
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils import _pytree

from carekit.method.graph import in_backward, joined, why_no_way
from carekit.networks.layers.hooks import Hook, Link, remove_hooks
from carekit.networks.layers.passes import Issued, Pass, Run

MOST_PASSES = 64  # of one batch in parts, before the loss is asked for
CHANNELS = (1, 3, 4)  # of a picture
MOST_CANDIDATES = 64  # layers whose outputs are kept while the layer is looked for: it is one of the last


class Recorder:
    """Records the passes of one model: with `layers` empty all outputs that might be maps, else these layers only.

    Args:
        model: the network.
        entry: the module whose call is a pass.
        link: what the hooks hold.
        outer: a DistributedDataParallel around the entry, which may put other tensors in place of the entry's outputs.
    """

    def __init__(self, model: nn.Module, entry: nn.Module, link: Link, outer: nn.Module | None = None):
        self.model = model
        self.entry = entry
        self.outer = outer
        self.link = link
        self.layers: dict[str, nn.Module] = {}
        self.passes: list[Pass] = []
        self.open: Pass | None = None
        self.done: Pass | None = None  # the one that was closed last
        self.restore: list[Any] = []
        self.n_passes = 0
        self.last_size: tuple[int, int] | None = None
        self.recent: dict[str, None] = {}  # candidates, latest last
        self.too_early: set[str] = set()
        self.issued: dict[int, Issued] = {}
        link.recorder = weakref.ref(self)

    def start(self, layers: dict[str, nn.Module]) -> None:
        """Hook `layers`, or with none all modules, and the model's own call."""
        self.stop()
        self.layers = layers
        self.too_early.clear()
        for name, module in (layers or dict(self.model.named_modules())).items():
            module.register_forward_hook(Hook(self.link, "ran", name))
        self.entry.register_forward_pre_hook(Hook(self.link, "opened"), prepend=True, with_kwargs=True)
        self.entry.register_forward_hook(Hook(self.link, "closed"), always_call=True)
        if self.outer is not None:
            self.outer.register_forward_hook(Hook(self.link, "handed_on"))

    def stop(self) -> None:
        """Take all hooks away."""
        for module in {*self.model.modules(), *self.entry.modules(), *self.layers.values(), self.outer}:
            if module is not None:
                remove_hooks(module, self.link)

    def opened(self, _name: str, module: nn.Module, args: tuple, kwargs: dict) -> tuple[tuple, dict] | None:
        """A pass begins: forget those that are used or that no one can ask for any more."""
        if in_backward():
            return None
        self._set_back()
        self.done = None
        self.passes = [each for each in self.passes if each.alive() and not each.used][-MOST_PASSES + 1 :]
        self.issued.clear()
        self.n_passes += 1
        leaves = [leaf for leaf in _pytree.tree_leaves((args, kwargs)) if isinstance(leaf, Tensor) and leaf.ndim == 4]
        count = self.last_size = None
        if leaves:
            # The largest is the image: a depth map or a mask that comes with it may be smaller.
            count, *axes = max((leaf.shape for leaf in leaves), key=lambda shape: shape[1:].numel())
            last = axes[2] in CHANNELS and axes[0] not in CHANNELS  # (b, h, w, c)
            self.last_size = (axes[0], axes[1]) if last else (axes[1], axes[2])
        self.open = Pass(count, self.last_size, torch.is_grad_enabled())
        inputs = None
        if torch.is_inference_mode_enabled():
            inputs = self._leave_inference_mode(args, kwargs)
        if not torch.is_grad_enabled() and (not self.layers or isinstance(self.entry, nn.DataParallel)):
            self._switch_grad_on(self.open)
        return inputs

    def _leave_inference_mode(self, args: tuple, kwargs: dict) -> tuple[tuple, dict]:
        """Its tensors can have no graph later on; plain no_grad gives the same numbers."""
        context = torch.inference_mode(False)
        context.__enter__()
        self.restore.append(lambda: context.__exit__(None, None, None))
        torch.set_grad_enabled(False)
        return _pytree.tree_map_only(Tensor, lambda leaf: leaf.clone() if leaf.is_inference() else leaf, (args, kwargs))

    def _switch_grad_on(self, until: Pass) -> None:
        """For the rest of a pass. Inside a `no_grad` of the model's own, that block's end sets it back before."""
        self.restore.append(lambda: torch.set_grad_enabled(until.grad))
        torch.set_grad_enabled(True)

    def _set_back(self) -> None:
        while self.restore:
            self.restore.pop()()

    def ran(self, name: str, module: nn.Module, args: tuple, output: Any) -> Any:
        """A layer has put something out: keep it, and let the model go on with a copy."""
        leaves, structure = _pytree.tree_flatten(output)
        tensors = [(i, leaf) for i, leaf in enumerate(leaves) if isinstance(leaf, Tensor)]
        places = [i for i, leaf in tensors if leaf.is_floating_point() and leaf.ndim in (3, 4, 5) and leaf.numel() > 0]
        if not places or (len(tensors) > 1 and not self.layers):
            return None  # of several outputs, others may be made from the map before we see it
        place = places[0]
        leaves[place] = self._keep(name, leaves[place])
        return _pytree.tree_unflatten(leaves, structure)

    def _keep(self, name: str, output: Tensor) -> Tensor:
        if name in self.too_early:
            return output
        if in_backward():
            return output.clone()  # a checkpoint computes its part again, and must do the same
        seen = self.issued.get(id(output))
        if seen is not None and seen.copy() is output and seen.version == output._version:
            self._note(
                Run(name, seen.run.kept, seen.run.cut, seen.run.sealed)
            )  # a module that returns what its last child returned
            return output
        kept = output
        if not torch.is_grad_enabled() and self.open is not None and not self.open.grad:
            self._switch_grad_on(self.open)  # validation: what follows gets a graph of its own
        if self.open is not None or torch.is_grad_enabled():
            # A block under the model's own no_grad stays so: only the copy that may leave it has a graph, of one step.
            if not output.requires_grad or not torch.is_grad_enabled():
                kept = output.detach().requires_grad_()
        with torch.set_grad_enabled(kept.requires_grad):
            copy = kept.clone()  # the model continues with it, so that no operation in place reaches what is kept
        sealed = self.open is not None and self.open.grad and not torch.is_grad_enabled()
        run = Run(name, kept, kept is not output, sealed)
        self._note(run)
        if not self.layers:
            self.issued[id(copy)] = Issued(weakref.ref(copy), copy._version, run)
        return copy

    def _note(self, run: Run) -> None:
        now = self.open
        if now is None:  # a part of the model that was called alone
            if not self.passes or self.passes[-1].used or self.passes[-1].count is not None:
                self.passes.append(Pass(None, None, torch.is_grad_enabled()))
            now = self.passes[-1]
        runs = now.runs
        runs.append(run)
        if self.layers:
            return
        self.recent.pop(run.name, None)
        self.recent[run.name] = None
        if len(self.recent) > MOST_CANDIDATES:
            early = next(iter(self.recent))
            del self.recent[early]
            self.too_early.add(early)
            runs[:] = [each for each in runs if each.name != early]

    def closed(self, _name: str, module: nn.Module, args: tuple, output: Any) -> Any:
        """The pass is over: what the user gets is as if no one had watched."""
        if in_backward() or self.open is None:
            return None
        self._set_back()
        done = self.open
        self.open = None
        self.done = done
        if done.runs:
            self.passes.append(done)
        # Without us the output would have a gradient only by a weight or an input that has one.
        sources = [*module.parameters(), *(leaf for leaf in _pytree.tree_leaves(args) if isinstance(leaf, Tensor))]
        detached = not done.grad or not any(source.requires_grad for source in sources)
        leaves, structure = _pytree.tree_flatten(output)
        for i, leaf in enumerate(leaves):
            if not isinstance(leaf, Tensor):
                continue
            graph = None
            if detached and leaf.requires_grad:
                graph, leaves[i] = leaf, leaf.detach()
            done.given.append((weakref.ref(leaves[i]), graph))
        self.issued.clear()
        return _pytree.tree_unflatten(leaves, structure) if detached else None

    def handed_on(self, _name: str, module: nn.Module, args: tuple, output: Any) -> None:
        """What the user gets are the tensors of the wrapper around the entry, one for each of the entry's."""
        if in_backward():
            return
        tensors = [leaf for leaf in _pytree.tree_leaves(output) if isinstance(leaf, Tensor)]
        if self.done is not None and len(tensors) == len(self.done.given):
            graphs = [graph for _, graph in self.done.given]
            self.done.given = [(weakref.ref(leaf), graph) for leaf, graph in zip(tensors, graphs, strict=True)]

    def passes_of(self, logits: Tensor) -> list[Pass]:
        """The passes that gave these logits: the one that returned them, or the last ones of as many images."""
        for each in reversed(self.passes):
            if each.gave(logits):
                return [each]
        if any(each.count is None for each in self.passes[-1:]):
            return self.passes[-1:]
        total = 0
        for i in range(len(self.passes) - 1, -1, -1):
            total += self.passes[i].count or 0
            if total >= len(logits):
                return self.passes[i:]
        return list(self.passes)

    def size_of(self, logits: Tensor) -> tuple[int, int] | None:
        """The size of the images that these logits are of, if the model was called with images."""
        passes = self.passes_of(logits)
        return passes[-1].size if passes else self.last_size

    def with_graph(self, logits: Tensor, passes: list[Pass]) -> Tensor:
        """The same logits with the graph that was kept of them, where the user's have none.

        Raises ValueError where they are not what the model returned.
        """
        if logits.requires_grad:
            return logits
        columns = zip(*(each.given for each in passes), strict=False)
        for column in columns:
            ours = [graph for _, graph in column if graph is not None]
            if len(ours) == len(passes) and all(given() is logits for given, _ in column):
                return ours[0]
            if len(ours) == len(passes) and sum(graph.numel() for graph in ours) == logits.numel():
                with torch.enable_grad():
                    whole = joined(ours, logits.device).to(logits).reshape(logits.shape)
                values = whole.detach()
                # They may be divided by a temperature: the same factor everywhere.
                factor = (values * logits).sum() / (values * values).sum().clamp(min=1e-12)
                if factor > 0 and torch.allclose(values * factor, logits, rtol=1e-3, atol=1e-5, equal_nan=True):
                    with torch.enable_grad():
                        return whole * factor
        features = passes[-1].runs[-1].kept
        graphs = [graph for _, graph in chain.from_iterable(each.given for each in passes)]
        if any(graph is not None for graph in graphs):
            raise ValueError(
                "without gradients, the logits must be what the model itself returned in its last pass, and these "
                "differ: give them unchanged"
            )
        raise ValueError(why_no_way(logits, features, None))

    def forget(self) -> None:
        """Drop all that is kept."""
        self._set_back()
        self.passes.clear()
        self.issued.clear()
        self.open = None
        self.done = None
