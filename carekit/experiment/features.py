"""What frozen layers make of the images of an experiment, kept where a run reads them more than once."""

from carekit.data.kept import KeptFeatures
from carekit.data.prepared import Prepared
from carekit.experiment.evaluation import Predictions, predict
from carekit.experiment.profiles import Profile
from carekit.networks import Backbone
from carekit.training import feature_cache as frozen_features


def kept_for_training(model: Backbone, train: Prepared, profile: Profile) -> KeptFeatures | None:
    """The training images' features behind the frozen layers, where there are such and no augmentation is in the way.

    A GPU is faster than a disk: there the whole network runs.
    """
    if profile.pretrain.device != "cpu" or profile.augment == "strong":
        return None
    return frozen_features.keep(model, train, flips=profile.augment == "flip")


def kept_for_evaluation(model: Backbone, images: Prepared, profile: Profile) -> KeptFeatures | None:
    """The features of images as they are, on a CPU."""
    return frozen_features.keep(model, images, flips=False) if profile.pretrain.device == "cpu" else None


def predictions(model: Backbone, images: Prepared, profile: Profile) -> Predictions:
    """The same as `predict`, from kept features where there are some."""
    kept = kept_for_evaluation(model, images, profile)
    return predict(model, images, device=profile.pretrain.device, kept=kept)
