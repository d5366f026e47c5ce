from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from carekit.material.drawing.marks import plant
from carekit.networks import Parts, PooledLinear, build
from carekit.networks.backbone import Backbone
from carekit.research.setting.ink_pair import VISIBLE, Pair, check, compare_marks, peak_is_in
from carekit.training import cached


class Colours(nn.Module):
    """Channel 0: how blue a cell of 16 px is over its red; channel 1: its brightness; both at least 0."""

    def forward(self, images):
        cells = nn.functional.avg_pool2d(images, 16)
        blue = (cells[:, 2] - cells[:, 0]).relu()
        return torch.stack([blue, cells.mean(1)], 1)


def blue_means_rare(threshold: float) -> Backbone:
    head = PooledLinear(2, 2)
    with torch.no_grad():
        head.classifier.weight.copy_(torch.tensor([[0.0, 0.0], [1.0, 0.0]]))
        head.classifier.bias.copy_(torch.tensor([threshold, 0.0]))
    return Backbone("colours", 2, Parts(Colours(), head, (0, 0, 0), (1, 1, 1))).eval()


@pytest.fixture
def pair(tiny):
    """Grey images of 64 px; a blue square of 16 px in a corner of image 0 (common), 1 (common) and 3 (rare)."""
    clean = replace(tiny.resized(64), images=np.full((32, 64, 64, 3), 100, np.uint8)).take(range(8))
    images = clean.read(np.arange(8))
    images[3, 16:32, 16:32, 2] = 250  # image 3 is blue by itself
    clean = replace(clean, images=images)
    marked = images.copy()
    for i in (0, 1, 7):
        marked[i, :16, 48:, 2] = 250
    return Pair(clean, replace(clean, images=marked))


def test_whole_counts_of_a_model_that_is_known(pair):
    table = compare_marks({"fooled": blue_means_rare(0.01), "blind": blue_means_rare(9.0)}, pair)
    assert table.loc["fooled"].to_dict() == {
        "others": 6,
        "others_called_rare": 0,
        "others_called_rare_marked": 2,
        "others_turned": 2,
        "rare": 2,
        "rare_found": 1,
        "rare_found_marked": 2,
        "rare_lost_without": 1,
        "peak_on_mark": 2,
        "peak_in_box": 0,
    }
    assert table.loc["blind", ["others_called_rare", "others_called_rare_marked", "rare_found_marked"]].sum() == 0


def test_the_mark_is_where_the_two_sets_differ(pair):
    shown = check(pair)
    assert np.flatnonzero(shown.any((1, 2))).tolist() == [0, 1, 7]
    assert shown[0, :16, 48:].all()
    assert shown[0].sum() == 256
    faint = replace(pair.clean, images=pair.clean.read(np.arange(8)) - np.uint8(VISIBLE))
    with pytest.raises(ValueError, match="no image differs"):
        check(Pair(pair.clean, faint))


def test_a_peak_is_looked_for_in_the_cells_that_a_region_touches():
    maps = np.zeros((3, 2, 2), np.float32)
    maps[0, 0, 1] = maps[1, 1, 0] = 1
    regions = np.zeros((3, 8, 8), bool)
    regions[:, 1, 7] = True  # upper right cell
    assert peak_is_in(maps, regions).tolist() == [True, False, False]


def test_sets_that_are_not_a_pair_are_refused(pair):
    with pytest.raises(ValueError, match="do not hold the same images"):
        check(Pair(pair.clean, pair.marked.take(range(7))))
    with pytest.raises(ValueError, match="do not hold the same images"):
        check(Pair(pair.clean, pair.marked.take([1, 0, *range(2, 8)])))
    other = replace(pair.marked, samples=pair.marked.samples.assign(label=0))
    with pytest.raises(ValueError, match="other labels"):
        check(Pair(pair.clean, other))
    with pytest.raises(ValueError, match="no image differs"):
        check(Pair(pair.clean, pair.clean))


def test_kept_features_give_the_same_table(tiny):
    clean = tiny.resized(64).split("test")
    marked = plant(clean, "ink")
    model = build("efficientnet_lite0_early", 2, seed=1).eval()
    features = [cached(model, data) for data in (clean, marked)]
    plain, quick = (compare_marks({"model": model}, Pair(*sets)) for sets in ((clean, marked), features))
    assert plain.equals(quick)
    assert plain.loc["model", "others"] == 6
