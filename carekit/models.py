"""The earlier name of `carekit.backbones`."""

from carekit.backbones import BACKBONES, Backbone, Output, PooledLinear, build

__all__ = ["BACKBONES", "Backbone", "Output", "PooledLinear", "build"]
