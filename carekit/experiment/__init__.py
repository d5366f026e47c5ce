"""Pretrain once per seed, fine-tune in several ways from there, evaluate all: the shape of every table in the paper."""

from carekit.experiment.arm import Arm
from carekit.experiment.comparing import compare
from carekit.experiment.features import kept_for_evaluation, kept_for_training, predictions
from carekit.experiment.plan import PRETRAINED, WATCHED
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
    "compare",
    "difference_of_differences",
    "first_of_each_class",
    "kept_for_evaluation",
    "kept_for_training",
    "load_model",
    "paired_difference",
    "predictions",
    "scores",
    "summary",
]
