"""The two stages of CARE (paper, Fig. 3 and Algorithm 2): pretrain without attention, finetune with it."""

from carekit.training.feature_cache import cached
from carekit.training.schedule import Schedule
from carekit.training.stages import Options, Validate, epochs, finetune, pretrain, train_step

__all__ = ["Options", "Schedule", "Validate", "cached", "epochs", "finetune", "pretrain", "train_step"]
