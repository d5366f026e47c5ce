"""carekit: teach a CNN to look at the lesion of a rare disease (CARE), and learn how it works.

The names below are loaded when first used, so that the command line can start before torch is installed.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # what editors and type checkers see; a test holds it equal to the names below
    from carekit.data.prepared import Prepared as Prepared
    from carekit.experiment import compare as compare
    from carekit.experiment.evaluation import evaluate as evaluate
    from carekit.experiment.profiles import profile as profile
    from carekit.ground.where import where as where
    from carekit.material.drawing import chest as chest  # type: ignore[no-redef]  # a module has the name, too
    from carekit.material.drawing import skin as skin  # type: ignore[no-redef]  # a module has the name, too
    from carekit.method.boxes import box_masks as box_masks
    from carekit.method.cam import class_activation_map as class_activation_map
    from carekit.method.cam import feature_maps as feature_maps
    from carekit.networks import build as build
    from carekit.objectives import Care as Care
    from carekit.training import finetune as finetune
    from carekit.training import pretrain as pretrain

__version__ = "0.1.0"

_HOME = {
    "Care": "objectives",
    "box_masks": "method.boxes",
    "build": "networks",
    "class_activation_map": "method.cam",
    "chest": "material.drawing",
    "compare": "experiment",
    "evaluate": "experiment.evaluation",
    "feature_maps": "method.cam",
    "finetune": "training",
    "pretrain": "training",
    "profile": "experiment.profiles",
    "skin": "material.drawing",
    "Prepared": "data.prepared",
    "where": "ground.where",
}
__all__ = list(_HOME)


if not TYPE_CHECKING:  # so that a misspelt name fails in mypy and in an editor

    def __getattr__(name: str):
        if name not in _HOME:
            raise AttributeError(f"module 'carekit' has no attribute {name!r}")
        return getattr(import_module(f"carekit.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
