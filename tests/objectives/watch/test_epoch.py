import numpy as np
import pytest
import torch

from carekit import Care
from carekit.objectives.watch import EpochAttention


def test_the_epochs_mean_is_that_of_its_boxed_images():
    torch.manual_seed(0)
    metric = EpochAttention()
    shares = []
    for n in (3, 0, 5):
        maps = torch.rand(n, 2, 2)
        masks = (torch.rand(n, 8, 8) < 0.3).float()
        metric.update((maps, masks))
        large = torch.nn.functional.interpolate(maps[:, None], size=(8, 8), mode="bilinear")[:, 0] if n else maps
        shares += [float((m * w).sum() / m.sum()) for m, w in zip(large, masks, strict=True)]
    metric.update(None)
    found = metric.compute()
    assert found["attention_inside"] == pytest.approx(np.mean(shares), abs=1e-6)
    assert found["boxed"] == 8


def test_a_map_without_preference_scores_the_uniform_share_and_an_empty_one_nothing():
    metric = EpochAttention()
    masks = torch.zeros(1, 8, 8)
    masks[0, :4] = 1
    metric.update((torch.ones(1, 4, 4), masks))
    assert metric.compute()["attention_inside"] == pytest.approx(metric.compute()["attention_uniform"])
    metric.reset()
    metric.update((torch.zeros(1, 4, 4), masks))
    assert metric.compute() == {"attention_inside": 0.0, "attention_uniform": 0.5, "boxed": 1}


def test_an_epoch_without_boxes_is_nan():
    assert np.isnan(EpochAttention().compute()["attention_inside"])


def test_a_watched_call_is_counted(small, images, labels, boxes):
    model = small().eval()
    care = Care(alpha=0).watch(model, quiet=True)  # the control is judged by its maps too, in evaluation mode
    metric = EpochAttention()
    with torch.no_grad():
        for given in (boxes, None, boxes):
            care(model(images), labels, given)
            metric.update(care.last)
    found = metric.compute()
    assert found["boxed"] == 8 and 0 < found["attention_inside"] < 1
