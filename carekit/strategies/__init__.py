"""What treats class imbalance, one file each; the table holds them by name."""

from carekit.strategies.cost_sensitive import CostSensitive, class_weights
from carekit.strategies.focal import Focal, FocalLoss
from carekit.strategies.strategy import Strategy
from carekit.tables import Table

STRATEGIES = Table("strategy", {"plain": Strategy(), "weighted": CostSensitive(), "focal": Focal()})

__all__ = ["STRATEGIES", "CostSensitive", "Focal", "FocalLoss", "Strategy", "class_weights"]
