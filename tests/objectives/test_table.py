"""Every objective, with every map where it has one, with every kind of backbone."""

import numpy as np
import pytest
import torch
from torch import nn

from carekit import finetune
from carekit.data.batches import BoxedImages
from carekit.method.cam import MAPS
from carekit.networks import Backbone, Parts, build
from carekit.objectives import L1, OBJECTIVES, Care, Energy, Gain
from carekit.strategies import STRATEGIES
from carekit.training import Schedule, train_step

ONE = Schedule(epochs=1, batch_size=16, lr=1e-3)
WITH_A_MAP = (Care, Energy, L1, Gain)


def bent():
    """A backbone with a head that is not linear."""
    trunk = nn.Sequential(nn.Conv2d(3, 6, 4, stride=4), nn.BatchNorm2d(6), nn.ReLU())
    head = nn.Sequential(nn.Flatten(), nn.Linear(96, 8), nn.ReLU(), nn.Linear(8, 2))
    return Backbone("bent", 2, Parts(trunk, head))


MAKERS = {"small": lambda: build("small", 2), "resnet18": lambda: build("resnet18@layer2", 2), "bent": bent}


@pytest.mark.parametrize("backbone", MAKERS)
@pytest.mark.parametrize("name", OBJECTIVES)
def test_it_trains_with_every_backbone(name, backbone, tiny):
    objective, model = OBJECTIVES.named(name)(), MAKERS[backbone]()
    history = finetune(model, BoxedImages(tiny), objective, ONE)
    parts = set(history) - {"epoch", "loss", "L_c", "images_per_s", "wait"}
    assert parts and np.isfinite(history[["loss", "L_c", *parts]]).all(axis=None)
    assert not any(module.training for module in model.modules())


@pytest.mark.parametrize("method", MAPS)
@pytest.mark.parametrize("made", WITH_A_MAP)
def test_it_trains_with_every_map_where_the_head_is_not_linear(made, method, tiny):
    history = finetune(bent(), BoxedImages(tiny), made(method=method), ONE)
    assert np.isfinite(history.loss).all()


@pytest.mark.parametrize("name", OBJECTIVES)
def test_its_control_is_plain_training_and_is_its_own_control(name, tiny):
    weights = []
    for objective in (OBJECTIVES.named(name)().control(), Care(alpha=0)):
        model = build("small", 2, seed=1)
        finetune(model, BoxedImages(tiny, {}), objective, ONE)
        weights.append(torch.cat([weight.flatten() for weight in model.parameters()]))
        assert objective.control() == objective
    assert torch.equal(*weights)


@pytest.mark.parametrize("strategy", ["weighted", "mixup", "cutmix", "triplet", "ldam"])
@pytest.mark.parametrize("name", OBJECTIVES)
def test_it_goes_together_with_strategies_of_every_kind(name, strategy, tiny):
    model = build("small", 2)
    history = finetune(model, BoxedImages(tiny), OBJECTIVES.named(name)(), ONE, strategy=STRATEGIES.named(strategy))
    assert np.isfinite(history[["loss", "L_c"]]).all(axis=None)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_channels_last_and_mixed_precision_give_the_same_loss_within_tolerance(name, tiny):
    batch, losses = BoxedImages(tiny).__getitems__([0, 3, 7, 8]), []
    for bf16 in (False, True):
        model = build("small", 2, seed=1).to(memory_format=torch.channels_last).train()
        optimizer = torch.optim.AdamW(model.parameters())
        class_loss = nn.functional.cross_entropy
        objective = OBJECTIVES.named(name)()
        losses.append(train_step(model, batch, objective, class_loss, optimizer, Schedule(epochs=1, bf16=bf16)).total)
    assert losses[1].dtype == torch.float32
    torch.testing.assert_close(losses[0], losses[1], atol=0.05, rtol=0.05)


def test_unknown_names_are_refused():
    with pytest.raises(ValueError, match="objective = 'energi' is unknown: did you mean 'energy'"):
        OBJECTIVES.named("energi")
