"""A forward hook that is not copied with the model and removes itself when its recorder is gone."""

import weakref
from typing import Any

import torch
from torch import nn


class Link:
    """The way from a hook to its recorder. A copy of a link leads nowhere, so a copied model is not watched."""

    def __init__(self) -> None:
        self.recorder: weakref.ref[Any] | None = None

    def __deepcopy__(self, memo: dict[int, Any]) -> "Link":
        return Link()

    def __reduce__(self) -> tuple[type["Link"], tuple[()]]:
        return (Link, ())


class Hook:
    """One hook of ours in a module; it removes itself when its recorder is gone."""

    def __init__(self, link: Link, event: str, name: str = ""):
        self.link = link
        self.event = event
        self.name = name

    @torch._disable_dynamo  # a compiled model runs in two parts, before the hook and behind it
    def __call__(self, module: nn.Module, *args: Any) -> Any:
        recorder = self.link.recorder and self.link.recorder()
        if recorder is None:
            remove_hooks(module, self.link)
            return None
        return getattr(recorder, self.event)(self.name, module, *args)


def remove_hooks(module: nn.Module, link: Link) -> None:
    """Take all hooks of one link out of one module, with what torch noted about them."""
    for hooks in (module._forward_pre_hooks, module._forward_hooks):
        for key in [key for key, hook in hooks.items() if isinstance(hook, Hook) and hook.link is link]:
            del hooks[key]
            for notes in (
                module._forward_pre_hooks_with_kwargs,
                module._forward_hooks_with_kwargs,
                module._forward_hooks_always_called,
            ):
                notes.pop(key, None)
