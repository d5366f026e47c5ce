"""Every strategy, alone and with CARE, with every kind of backbone."""

import numpy as np
import pytest
import torch
from torch import nn

from carekit import Care, finetune
from carekit.data.batches import BoxedImages
from carekit.networks import Backbone, Parts, build
from carekit.strategies import STRATEGIES
from carekit.training import Schedule, cached, train_step

ONE = Schedule(epochs=1, batch_size=12, lr=1e-3)
FROZEN = ("crt", "lws")
CHANGE_IMAGES = {"augmentation", "mixup", "cutmix"}


def bent():
    """A backbone with a head that is not linear."""
    trunk = nn.Sequential(nn.Conv2d(3, 6, 4, stride=4), nn.BatchNorm2d(6), nn.ReLU())
    head = nn.Sequential(nn.Flatten(), nn.Linear(96, 8), nn.ReLU(), nn.Linear(8, 2))
    return Backbone("bent", 2, Parts(trunk, head))


MAKERS = {"small": lambda: build("small", 2), "resnet18": lambda: build("resnet18@layer2", 2), "bent": bent}


@pytest.mark.parametrize("backbone", MAKERS)
@pytest.mark.parametrize("name", STRATEGIES)
def test_it_trains_alone_and_with_care(name, backbone, tiny):
    with_care = Care(second_order=name in FROZEN)
    for objective in (with_care,) if backbone == "resnet18" else (with_care.control(), with_care):
        model = MAKERS[backbone]()
        names = list(model.state_dict())
        history = finetune(model, BoxedImages(tiny), objective, ONE, strategy=STRATEGIES.named(name))
        assert np.isfinite(history.loss).all() and history.L_in.notna().all() == (objective.alpha > 0)
        assert list(model.state_dict()) == names  # so it is stored and loaded as any other
        assert not any(module.training for module in model.modules())
        assert all(weight.requires_grad for weight in model.parameters())


@pytest.mark.parametrize("name", STRATEGIES)
def test_behind_kept_features_it_trains_or_says_that_it_needs_the_images(name, tiny):
    data, model, strategy = tiny.resized(48), build("efficientnet_lite0_early", 2), STRATEGIES.named(name)
    images = BoxedImages(cached(model, data))
    care = Care(second_order=name in FROZEN)
    if strategy.needs_images:
        with pytest.raises(ValueError, match="needs the images, and only kept features .*: give BoxedImages without"):
            finetune(model, images, care, ONE, strategy=strategy)
        images = BoxedImages(data)
    history = finetune(model, images, care, ONE, strategy=strategy)
    assert np.isfinite(history[["loss", "L_c", "L_in", "L_out"]]).all(axis=None)
    assert model(data.tensor(range(2))).logits.isfinite().all()


@pytest.mark.parametrize("name", STRATEGIES)
def test_a_seed_repeats_bit_for_bit_and_the_strategy_makes_a_difference(name, tiny):
    schedule = Schedule(epochs=3, batch_size=8, lr=2e-3, seed=5)
    weights = []
    for strategy in (STRATEGIES.named(name), STRATEGIES.named(name), STRATEGIES.named("plain")):
        model = build("small", 2, seed=1)
        finetune(model, BoxedImages(tiny), Care(alpha=0), schedule, strategy=strategy)
        weights.append(torch.cat([value.flatten().float() for value in model.state_dict().values()]))
    assert torch.equal(weights[0], weights[1])
    assert torch.equal(weights[0], weights[2]) == (name == "plain")


def test_those_that_change_images_say_so():
    assert {name for name, strategy in STRATEGIES.items() if strategy.needs_images} == CHANGE_IMAGES


@pytest.mark.parametrize("name", sorted(CHANGE_IMAGES))
def test_and_the_others_leave_them(name, tiny):
    batch = BoxedImages(tiny).__getitems__([0, 3, 7, 8])
    for other, strategy in STRATEGIES.items():
        if other not in CHANGE_IMAGES:
            assert strategy.batch(batch) is batch
    torch.manual_seed(0)
    found = [STRATEGIES.named(name).batch(batch).images for _ in range(5)]
    assert not all(torch.equal(images, batch.images) for images in found)


@pytest.mark.parametrize("name", ["triplet", "mixup", "ldam", "focal"])
def test_mixed_precision_computes_the_loss_in_32_bits(name, tiny):
    strategy, losses = STRATEGIES.named(name), []
    for bf16 in (False, True):
        torch.manual_seed(0)
        batch = strategy.batch(BoxedImages(tiny).__getitems__([0, 3, 7, 8]))
        model = build("small", 2, seed=1).train()
        optimizer = torch.optim.AdamW(model.parameters())
        loss = train_step(model, batch, Care(), strategy.class_loss([3, 1]), optimizer, Schedule(epochs=1, bf16=bf16))
        losses.append(loss.classification)
    assert losses[1].dtype == torch.float32
    torch.testing.assert_close(losses[0], losses[1], atol=0.05, rtol=0.05)


def test_unknown_names_are_refused():
    with pytest.raises(ValueError, match="did you mean 'focal'.*choose one of plain, weighted, "):
        STRATEGIES.named("focul")
