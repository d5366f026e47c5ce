# What editors and type checkers see of `carekit`; a test holds it equal to the names that __init__.py loads when used.
from carekit.backbones import build as build
from carekit.boxes import box_masks as box_masks
from carekit.cam import class_activation_map as class_activation_map
from carekit.cam import feature_maps as feature_maps
from carekit.data.prepared import Prepared as Prepared
from carekit.data.synthetic import chest as chest
from carekit.data.synthetic import skin as skin
from carekit.evaluation import evaluate as evaluate
from carekit.experiment import compare as compare
from carekit.objectives import Care as Care
from carekit.profiles import profile as profile
from carekit.training import finetune as finetune
from carekit.training import pretrain as pretrain

__version__: str
__all__: list[str]
