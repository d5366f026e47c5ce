# What editors and type checkers see of `carekit`; a test holds it equal to the names that __init__.py loads when used.
from carekit.data.prepared import Prepared as Prepared
from carekit.experiment import compare as compare
from carekit.experiment.evaluation import evaluate as evaluate
from carekit.experiment.profiles import profile as profile
from carekit.material.drawing import chest as chest
from carekit.material.drawing import skin as skin
from carekit.method.boxes import box_masks as box_masks
from carekit.method.cam import class_activation_map as class_activation_map
from carekit.method.cam import feature_maps as feature_maps
from carekit.networks import build as build
from carekit.objectives import Care as Care
from carekit.training import finetune as finetune
from carekit.training import pretrain as pretrain

__version__: str
__all__: list[str]
