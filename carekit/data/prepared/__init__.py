"""The prepared data set, the one form that training and evaluation read."""

from carekit.data.prepared.dataset import Prepared

__all__ = ["Prepared"]
