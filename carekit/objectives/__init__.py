"""What the second stage minimises, one file each; the table holds them by name."""

from carekit.ground.registry import Registry
from carekit.objectives.care import Care
from carekit.objectives.energy import Energy
from carekit.objectives.gain import Gain
from carekit.objectives.input_gradient import InputGradient
from carekit.objectives.l1 import L1
from carekit.objectives.objective import Loss, Objective, Step

OBJECTIVES: Registry[type[Objective]] = Registry(
    "objective", {"care": Care, "energy": Energy, "l1": L1, "input_gradient": InputGradient, "gain": Gain}
)

__all__ = ["L1", "OBJECTIVES", "Care", "Energy", "Gain", "InputGradient", "Loss", "Objective", "Step"]
