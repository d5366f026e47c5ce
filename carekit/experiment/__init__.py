"""Pretrain once per seed, fine-tune in several ways from there, evaluate all: the shape of every table in the paper."""

from carekit.experiment.arm import Arm
from carekit.experiment.comparing import compare
from carekit.experiment.features import cached_for_evaluation, cached_for_training, predictions
from carekit.experiment.job import PRETRAINED, WATCHED
from carekit.experiment.results import (
    Run,
    difference_of_differences,
    load_model,
    paired_difference,
    scores,
    summary,
)
from carekit.experiment.training import first_of_each_class

__all__ = [
    "PRETRAINED",
    "WATCHED",
    "Arm",
    "Run",
    "cached_for_evaluation",
    "cached_for_training",
    "compare",
    "difference_of_differences",
    "first_of_each_class",
    "load_model",
    "paired_difference",
    "predictions",
    "scores",
    "summary",
]
