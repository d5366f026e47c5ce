"""What the second stage minimises, one file each; the table holds them by name."""

from carekit.objectives.care import Care, CareLoss
from carekit.objectives.input_gradient import InputGradient
from carekit.objectives.objective import Loss, Objective, Step
from carekit.tables import Table

OBJECTIVES: Table[type[Objective]] = Table("objective", {"care": Care, "input_gradient": InputGradient})

__all__ = ["OBJECTIVES", "Care", "CareLoss", "InputGradient", "Loss", "Objective", "Step"]
