import pytest
import torch
from torch.nn import functional

import carekit.networks.vision  # noqa: F401  before torchvision
from carekit.strategies import Focal, FocalLoss, class_weights

GAMMAS = (0.0, 0.1, 0.5, 1.0, 2.0, 5.0)


@pytest.fixture
def batch():
    torch.manual_seed(0)
    return torch.randn(6, 3), torch.tensor([0, 1, 2, 2, 1, 0])


@pytest.mark.parametrize("gamma", GAMMAS)
def test_it_is_its_definition(gamma, batch):
    logits, labels = batch
    p = logits.softmax(1)[range(6), labels]
    torch.testing.assert_close(FocalLoss(gamma)(logits, labels), (-((1 - p) ** gamma) * p.log()).mean())


def test_of_two_classes_it_is_torchvisions():
    from torchvision.ops import sigmoid_focal_loss

    torch.manual_seed(0)
    scores, labels = torch.randn(8), torch.arange(8) % 2
    logits = torch.stack([torch.zeros(8), scores], 1)
    expected = sigmoid_focal_loss(scores, labels.float(), alpha=-1, gamma=2, reduction="mean")
    torch.testing.assert_close(FocalLoss(2.0)(logits, labels), expected)


@pytest.mark.parametrize("weight", [None, torch.tensor([0.2, 1.0, 7.0])])
def test_a_gamma_of_zero_is_torchs_cross_entropy_weights_included(weight, batch):
    torch.testing.assert_close(FocalLoss(0.0, weight)(*batch), functional.cross_entropy(*batch, weight=weight))


def test_p_is_the_probability_itself_not_that_of_the_weighted_loss(batch):
    logits, labels = batch
    weights = torch.tensor([0.2, 1.0, 7.0])
    total = norm = 0.0
    for row, label in zip(logits, labels, strict=True):
        p = row.softmax(0)[label]
        total += -weights[label] * (1 - p) ** 2 * p.log()
        norm += weights[label]
    torch.testing.assert_close(FocalLoss(2.0, weights)(logits, labels), total / norm)
    from_weighted_loss = (-functional.cross_entropy(logits, labels, weight=weights, reduction="none")).exp()
    assert (from_weighted_loss - logits.softmax(1)[range(6), labels]).abs().max() > 0.1  # the mistake would be seen


@pytest.mark.parametrize("gamma", GAMMAS)
@pytest.mark.parametrize("score", [0.0, 1e-6, 5.0, 17.0, 100.0, 1e4, 1e30])
def test_its_gradient_is_finite_for_any_logits(gamma, score):
    logits = torch.tensor([[score, 0.0], [-score, 0.0]], requires_grad=True)  # surely right, and surely wrong
    loss = FocalLoss(gamma)(logits, torch.tensor([0, 0]))
    loss.backward()
    assert loss.isfinite() and logits.grad.isfinite().all()


@pytest.mark.parametrize("gamma", GAMMAS)
def test_its_gradient_is_that_of_finite_differences(gamma):
    torch.manual_seed(0)
    logits = (3 * torch.randn(4, 3, dtype=torch.float64)).requires_grad_()
    labels = torch.tensor([0, 1, 2, 2])
    assert torch.autograd.gradcheck(lambda x: FocalLoss(gamma)(x, labels), logits)


def test_the_strategy_weighs_if_asked(batch):
    counts = [90, 9, 1]
    expected = FocalLoss(2.0, class_weights(counts))(*batch)
    torch.testing.assert_close(Focal(weighted=True).class_loss(counts)(*batch), expected)
    torch.testing.assert_close(Focal(gamma=0.5).class_loss(counts)(*batch), FocalLoss(0.5)(*batch))


@pytest.mark.parametrize("made", [Focal, FocalLoss])
@pytest.mark.parametrize("gamma", [-1, float("nan"), float("inf")])
def test_a_gamma_out_of_range_is_refused(made, gamma):
    with pytest.raises(ValueError, match=f"gamma = {gamma} is out of range"):
        made(gamma=gamma)


def test_a_label_to_be_ignored_does_not_count(batch):
    logits, labels = batch
    weight = torch.tensor([0.5, 1.0, 4.0])
    some = labels.clone()
    some[3] = -100
    kept = some >= 0
    expected = FocalLoss(2.0, weight)(logits[kept], some[kept])
    torch.testing.assert_close(FocalLoss(2.0, weight)(logits, some), expected)
