"""What `watch` infers it proves in the batch that is used, or asks about in one sentence."""

import copy

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from carekit import Care
from carekit.networks.layers.axis_order import axis_order_of
from carekit.objectives.watch import overlay

BOXES = [[(5, 8, 30, 33)], [(20, 10, 44, 30)], [(2, 30, 25, 60)], [(30, 30, 60, 50)]]
LABELS = torch.tensor([0, 1, 2, 3])


def trunk():
    layers = [nn.Conv2d(3, 8, 3, 2, 1), nn.ReLU(), nn.Conv2d(8, 16, 3, 2, 1), nn.ReLU(), nn.Conv2d(16, 16, 3, 2, 1)]
    return nn.Sequential(*layers, nn.ReLU())


def net(n_classes=5):
    return nn.Sequential(trunk(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, n_classes))


@pytest.fixture
def images():
    torch.manual_seed(0)
    return torch.rand(4, 3, 64, 64)


class Frozen(nn.Module):
    """A trunk under a no_grad of the model's own."""

    def __init__(self):
        super().__init__()
        self.a = trunk()
        self.b = nn.Sequential(nn.Conv2d(16, 16, 3, 1, 1), nn.ReLU())
        self.fc = nn.Linear(16, 5)

    def forward(self, x):
        with torch.no_grad():
            features = self.b(self.a(x))
        return self.fc(features.mean((2, 3)))


@pytest.mark.filterwarnings("ignore:.*are frozen")
@pytest.mark.parametrize("alpha, layer", [(0.0, None), (0.5, None), (0.5, "b")])
def test_what_runs_under_no_grad_is_not_trained(images, alpha, layer):
    start = Frozen()
    model = copy.deepcopy(start)
    care = Care(alpha=alpha).watch(model, layer, quiet=True)
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    for _ in range(3):
        optimizer.zero_grad()
        care(model(images), LABELS, BOXES).total.backward()
        optimizer.step()
    moved = [name for (name, p), q in zip(model.named_parameters(), start.parameters(), strict=True) if not p.equal(q)]
    assert moved == ["fc.weight", "fc.bias"]


@pytest.mark.filterwarnings("ignore:.*are frozen")
def test_a_layer_within_such_a_block_is_one_sentence(images):
    model = Frozen()
    care = Care().watch(model, "a")
    with pytest.raises(ValueError, match="the layer 'a' runs inside of a torch.no_grad"):
        care(model(images), LABELS, BOXES)


def test_a_layer_that_runs_on_two_inputs_is_asked_about(images):
    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.trunk = trunk()
            self.fc = nn.Linear(32, 5)

        def forward(self, one, other):
            return self.fc(torch.cat([self.trunk(one).mean((2, 3)), self.trunk(other).mean((2, 3))], 1))

    model = Two()
    with pytest.raises(ValueError, match="ran on 2 inputs in one call"):
        Care().watch(model, quiet=True)(model(images, images.flip(0)), LABELS, BOXES)


def test_scores_in_another_order_than_the_images_are_refused(images):
    model = net().eval()
    care = Care().watch(model, quiet=True)
    care(model(images), LABELS, BOXES)
    order = torch.tensor([0, 3, 1, 2])
    with pytest.raises(ValueError, match="not in the order of the images"):
        care(model(images[order])[order.argsort()], LABELS, BOXES)
    last, first = model(images[2:]), model(images[:2])
    with pytest.raises(ValueError, match="not in the order of the images"):
        care(torch.cat([first, last]), LABELS, BOXES)


@pytest.mark.parametrize("change", [lambda y: y.squeeze(1), lambda y: y[:, 0], lambda y: y / 2, lambda y: y.double()])
def test_one_logit_in_any_form_is_the_same_in_validation_as_in_training(images, change):
    model = net(1).eval()
    care = Care().watch(model, quiet=True)
    labels = torch.tensor([1, 0, 1, 0])
    expected = care(change(model(images)), labels, BOXES).attention.item()
    with torch.no_grad():
        assert care(change(model(images)), labels, BOXES).attention.item() == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("average", ["boxed", "class"])
def test_one_logit_is_averaged_as_the_pair_that_it_stands_for(images, average):
    class Pair(nn.Module):
        def __init__(self, one):
            super().__init__()
            self.one = one

        def forward(self, x):
            logit = self.one(x)
            return torch.cat([-logit, logit], 1) / 2

    one, labels = net(1), torch.tensor([1, 0, 0, 0])
    pair = Pair(copy.deepcopy(one))
    losses = [
        Care(average=average).watch(model, quiet=True)(model(images), labels, BOXES).attention.item()
        for model in (one, pair)
    ]
    assert losses[0] == pytest.approx(losses[1], abs=1e-6)


def test_a_label_below_zero_is_none_in_both_losses(images):
    model = net()
    care = Care().watch(model, quiet=True)
    loss = care(model(images), torch.tensor([0, 1, -1, 3]), BOXES)
    known = [0, 1, 3]
    assert loss.boxed == 3
    torch.testing.assert_close(loss.classification, functional.cross_entropy(model(images)[known], LABELS[known]))


def test_the_last_maps_are_never_those_of_an_earlier_batch(images):
    model = net()
    care = Care().watch(model, quiet=True)
    care(model(images), LABELS, BOXES)
    assert care.last is not None
    with pytest.raises(ValueError, match="outside"):
        care(model(images), LABELS, [[(0, 0, 999, 999)]] * 4)
    assert care.last is None


def test_a_ramp_asks_for_the_epoch(images):
    model = net()
    care = Care(alpha=0.5, ramp=0.5).watch(model, quiet=True)
    with pytest.raises(ValueError, match=r"care.at\(epoch, epochs\)"):
        care(model(images), LABELS, BOXES)
    for epoch, alpha in ((0, 0.1), (2, 0.3), (9, 0.5)):
        care.at(epoch, 10)
        loss = care(model(images), LABELS, BOXES)
        expected = (1 - alpha) * loss.classification + alpha * loss.attention
        torch.testing.assert_close(loss.total, expected)


@pytest.mark.parametrize("box", [(0.2, 0.3, 0.7, 1.0000001), (-0.01, 0.2, 0.5, 0.8), (0.9, 0.5, 1.01, 0.6)])
def test_shares_a_hair_outside_are_asked_about(images, box):
    model = net()
    with pytest.raises(ValueError, match="looks like shares"):
        Care().watch(model, quiet=True)(model(images), LABELS, [[box], [], [], []])


@pytest.mark.parametrize(
    "tokens, image, size, skip", [(36, (128, 64), (8, 4), 4), (37, (56, 112), (4, 8), 5), (17, (64, 64), (4, 4), 1)]
)
def test_tokens_are_whole_patches_of_the_image(tokens, image, size, skip):
    order = axis_order_of((2, tokens, 8), image)
    assert (order.size, order.skip) == (size, skip)


def test_masks_may_be_a_list_and_images_have_their_channels_last(images):
    class Last(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = net()

        def forward(self, x):
            return self.net(x.permute(0, 3, 1, 2))

    model = Last()
    masks = torch.zeros(4, 64, 64)
    masks[:, 5:30, 8:40] = 1
    care = Care().watch(model, quiet=True)
    losses = [
        care(model(images.permute(0, 2, 3, 1)), LABELS, boxes).attention.item()
        for boxes in (masks, list(masks), [[(8, 5, 40, 30)]] * 4)
    ]
    assert losses == pytest.approx(losses[:1] * 3, abs=1e-6)


def test_labels_and_losses_of_other_forms_work_or_are_one_sentence(images):
    model = net()
    care = Care().watch(model, quiet=True)
    several = functional.one_hot(LABELS, 5)
    assert care(model(images), several, BOXES, class_loss=functional.binary_cross_entropy_with_logits).boxed == 4
    with pytest.raises(ValueError, match="give a scalar"):
        care(model(images), LABELS, BOXES, class_loss=nn.CrossEntropyLoss(reduction="none"))
    with pytest.raises(ValueError, match="labels are 3 tensors"):
        care(model(images), (LABELS, LABELS, torch.tensor([0.7])), BOXES)
    with pytest.raises(ValueError, match="2 logits, but"):
        care(model(images)[:2], LABELS[:2], BOXES[:2])


def test_an_image_of_floats_above_one_is_not_black():
    picture = overlay(np.random.default_rng(0).random((3, 64, 64)) * 2.5, np.zeros((8, 8)), strength=0.0)
    assert picture.mean() > 80
