"""CARE in anyone's own training loop: `care = Care().watch(model)`, then `care(model(images), labels, boxes)`."""

from carekit.watch.epoch import EpochAttention
from carekit.watch.overlay import overlay
from carekit.watch.watched import Seen, Watched

__all__ = ["EpochAttention", "Seen", "Watched", "overlay"]
