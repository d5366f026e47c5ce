"""Features of an experiment's images behind the frozen layers, cached where a run reads them more than once."""

from carekit.data.prepared import Prepared
from carekit.experiment.evaluation import Predictions, predict
from carekit.experiment.profiles import Profile
from carekit.networks import Backbone
from carekit.training import feature_cache


def cached_for_training(model: Backbone, train: Prepared, profile: Profile) -> Prepared:
    """The training images with cached features; as they are without frozen layers, and with strong augmentation.

    A GPU is faster than a disk: there the whole network runs.
    """
    if profile.device != "cpu" or profile.augment == "strong":
        return train
    return feature_cache.cached(model, train, flips=profile.augment == "flip")


def cached_for_evaluation(model: Backbone, images: Prepared, profile: Profile) -> Prepared:
    """The images, not flipped, with cached features where they are evaluated on a CPU."""
    if profile.device != "cpu":
        return images
    return feature_cache.cached(model, images)


def predictions(model: Backbone, images: Prepared, profile: Profile) -> Predictions:
    """The same as `predict` on the profile's device, from cached features where there are some."""
    model.to(profile.device)
    return predict(model, cached_for_evaluation(model, images, profile))
