"""What treats class imbalance, one file each; the table holds them by name."""

from carekit.ground.registry import Registry
from carekit.strategies.augmentation import Augmentation
from carekit.strategies.cost_sensitive import CostSensitive, EffectiveNumber
from carekit.strategies.decoupling import ClassifierRetraining, Decoupling, LearnableScaling, TauNormalisation
from carekit.strategies.embedding import Embedding
from carekit.strategies.focal import Focal, FocalLoss
from carekit.strategies.ldam import LDAM
from carekit.strategies.logit_adjustment import BalancedSoftmax, LogitAdjustment
from carekit.strategies.mixing import CutMix, Mixup, of_both_labels
from carekit.strategies.sampling import OverSampling, UnderSampling
from carekit.strategies.strategy import ClassLoss, Strategy
from carekit.strategies.weights import class_weights, effective_weights

STRATEGIES: Registry[Strategy] = Registry(
    "strategy",
    {
        "plain": Strategy(),
        "weighted": CostSensitive(),
        "effective_number": EffectiveNumber(),
        "focal": Focal(),
        "weighted_focal": Focal(weighted=True),
        "balanced_softmax": BalancedSoftmax(),
        "logit_adjustment": LogitAdjustment(),
        "ldam": LDAM(),
        "oversampling": OverSampling(),
        "undersampling": UnderSampling(),
        "augmentation": Augmentation(),
        "mixup": Mixup(),
        "cutmix": CutMix(),
        "siamese": Embedding("siamese"),
        "triplet": Embedding("triplet"),
        "decoupling": Decoupling(),
        "crt": ClassifierRetraining(),
        "tau_norm": TauNormalisation(),
        "lws": LearnableScaling(),
    },
)

# What the rest of the kit takes from here; a strategy needs no line but those of the table and its import.
__all__ = ["STRATEGIES", "ClassLoss", "FocalLoss", "Strategy", "class_weights", "effective_weights", "of_both_labels"]
