"""carekit: teach a CNN to look at the lesion of a rare disease (CARE), and learn how it works.

The names below are loaded when first used, so that the command line can start before torch is installed.
"""

import atexit
import gc
from importlib import import_module

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
}
__all__ = list(_HOME)

# A process that ends looks for garbage among all its objects: 1.4 s where torch is loaded, .3 s where it need not look.
atexit.register(gc.freeze)


def __getattr__(name: str):
    if name not in _HOME:
        raise AttributeError(f"module 'carekit' has no attribute {name!r}")
    return getattr(import_module(f"carekit.{_HOME[name]}"), name)


def __dir__():
    return sorted([*globals(), *__all__])
