"""CARE in anyone's own training loop: `care = Care().watch(model)`, then `care(model(images), labels, boxes)`."""

from carekit.objectives.watch.epoch import EpochAttention
from carekit.objectives.watch.overlay import overlay
from carekit.objectives.watch.watched import LastMaps, Watched

__all__ = ["EpochAttention", "LastMaps", "Watched", "overlay"]
