"""The two stages of CARE (paper, Fig. 3 and Algorithm 2): pretrain without attention, finetune with it."""

from carekit.training.epochs import Validate, epochs
from carekit.training.schedule import Schedule
from carekit.training.stages import finetune, pretrain
from carekit.training.step import train_step

__all__ = ["Schedule", "Validate", "epochs", "finetune", "pretrain", "train_step"]
