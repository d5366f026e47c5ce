"""The experiments that lesson 12 compares maps with, on networks whose answers are known."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from carekit.networks import Parts, PooledLinear
from carekit.networks.backbone import Backbone
from carekit.research.setting import ink_pair as counterfactual
from carekit.research.setting import map_checks
from carekit.research.setting.ink_pair import Pair


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


def test_raw_maps_add_up_to_the_score(pair):
    torch.manual_seed(0)
    model, wanted = network(3, 2, 1), np.ones(len(pair.clean), int)
    scores = [model(part.tensor(range(len(part)))).logits[:, 1].detach().numpy() for part in pair[:2]]
    bias = model.linear_head.bias[1].item()
    np.testing.assert_allclose(map_checks.raw_maps(model, pair.clean, wanted).sum((1, 2)) + bias, scores[0], rtol=1e-4)


def test_cells_that_a_region_touches():
    region = np.zeros((1, 8, 8), bool)
    region[0, 3:5, 0] = True
    assert counterfactual.cells_of(region, (2, 2)).astype(int).tolist() == [[[1, 0], [1, 0]]]
