"""The earlier name of the focal loss and the class weights; they live in `carekit.strategies`."""

from carekit.strategies import FocalLoss, class_weights

__all__ = ["FocalLoss", "class_weights"]
