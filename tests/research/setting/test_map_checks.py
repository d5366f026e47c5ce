"""The experiments that lesson 12 compares maps with, on networks whose answers are known."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from carekit.networks import Parts, PooledLinear, build
from carekit.networks.backbone import Backbone
from carekit.research.setting import ink_pair as counterfactual
from carekit.research.setting import map_checks
from carekit.research.setting.ink_pair import Pair, check


def network(kernel, stride, padding):
    trunk = nn.Sequential(nn.Conv2d(3, 4, kernel, stride, padding), nn.ReLU())
    return Backbone("known", 2, Parts(trunk, PooledLinear(4, 2), (0, 0, 0), (1, 1, 1))).eval()


@pytest.fixture
def pair(tiny):
    """Grey images of 64 px without and with a white square in a corner."""
    clean = replace(tiny.resized(64), images=np.full((32, 64, 64, 3), 100, np.uint8)).take(range(6))
    marked = clean.read(np.arange(6))
    marked[:, :8, 56:] = 255
    return Pair(clean, replace(clean, images=marked))


def test_only_the_parts_that_are_named_become_random():
    model, images = build("small", 3, seed=1).eval(), torch.rand(2, 3, 32, 32)
    before, features = model(images)
    head, both = map_checks.randomised(model, ["head"]), map_checks.randomised(model, ["head", "trunk", "frozen"])
    assert torch.equal(head(images).features, features) and not torch.allclose(head(images).logits, before)
    assert not torch.allclose(both(images).features, features) and torch.equal(model(images).logits, before)
    with pytest.raises(ValueError, match="tail is no part of a network: choose from head, trunk, frozen"):
        map_checks.randomised(model, ["tail"])


def test_raw_maps_are_the_score_and_a_change_is_split_without_rest(pair):
    torch.manual_seed(0)
    model, wanted = network(3, 2, 1), np.ones(len(pair.clean), int)
    scores = [model(part.tensor(range(len(part)))).logits[:, 1].detach().numpy() for part in pair[:2]]
    bias = model.linear_head.bias[1].item()
    np.testing.assert_allclose(map_checks.raw_maps(model, pair.clean, wanted).sum((1, 2)) + bias, scores[0], rtol=1e-4)
    touched, rest = map_checks.change_by_mark(model, pair, check(pair), 1)
    np.testing.assert_allclose(touched + rest, scores[1] - scores[0], atol=1e-5)
    assert np.abs(rest).max() > 0  # a cell beside the mark sees its edge
    apart = map_checks.change_by_mark(network(4, 4, 0), pair, check(pair), 1)[1]
    assert np.abs(apart).max() < 1e-6  # these cells see their own square alone
    score = map_checks.score_of(model, 1)
    assert score(pair.marked.read([0])[0]) == pytest.approx(float(scores[1][0]), abs=1e-5)


def test_where_a_cell_looks_is_known_from_its_layers():
    torch.manual_seed(0)
    images = torch.rand(4, 3, 16, 16)
    own = map_checks.where_a_cell_looks(network(4, 4, 0), images)
    assert own.outside == pytest.approx(0) and abs(own.right) < 1 and abs(own.down) < 1
    wide = map_checks.where_a_cell_looks(network(3, 2, 1), images)  # rows 2i - 1 to 2i + 1, drawn at 2i and 2i + 1
    assert wide.outside > 0.2 and -1 < wide.right < 0 and -1 < wide.down < 0


def test_cells_that_a_region_touches():
    region = np.zeros((1, 8, 8), bool)
    region[0, 3:5, 0] = True
    assert counterfactual.cells_of(region, (2, 2)).astype(int).tolist() == [[[1, 0], [1, 0]]]
