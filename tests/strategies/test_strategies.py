import pytest
import torch
from torch.nn import functional

from carekit import strategies
from carekit.strategies.focal import FocalLoss


def test_weights_balance_what_each_class_contributes():
    counts = torch.tensor([90.0, 9.0, 1.0])
    share = strategies.class_weights(counts) * counts
    torch.testing.assert_close(share, torch.full((3,), 100 / 3))


def test_a_class_without_samples_is_refused():
    with pytest.raises(ValueError, match="class 1 has no training sample"):
        strategies.class_weights([5, 0, 2])


def test_focal_loss_from_its_definition():
    torch.manual_seed(0)
    logits, labels = torch.randn(6, 3), torch.tensor([0, 1, 2, 2, 1, 0])
    p = logits.softmax(1)[range(6), labels]
    expected = (-((1 - p) ** 2) * p.log()).mean()
    torch.testing.assert_close(strategies.FocalLoss(2.0)(logits, labels), expected)
    torch.testing.assert_close(strategies.FocalLoss(0.0)(logits, labels), functional.cross_entropy(logits, labels))


def test_unknown_names_and_a_negative_gamma_are_refused():
    with pytest.raises(ValueError, match="did you mean 'focal'.*choose one of plain, weighted, focal"):
        strategies.STRATEGIES.named("focul")
    with pytest.raises(ValueError, match="gamma = -1"):
        strategies.FocalLoss(-1)


@pytest.mark.parametrize("gamma", [0.0, 0.3, 0.5, 0.9, 1.0, 2.0, 5.0])
def test_the_focal_loss_is_finite_for_every_gamma(gamma):
    logits = torch.tensor([[200.0, 0, 0], [20.0, 0, 0], [0, 200.0, 0], [1.0, 0, 0]], requires_grad=True)
    loss = FocalLoss(gamma)(logits, torch.tensor([0, 0, 0, 0]))
    loss.backward()
    assert loss.isfinite() and logits.grad.isfinite().all()


def test_the_focal_loss_takes_class_weights_and_ignores_a_label():
    torch.manual_seed(0)
    logits = torch.randn(6, 3)
    labels = torch.tensor([0, 1, 2, -100, 1, 0])
    weight = torch.tensor([0.5, 1.0, 4.0])
    kept = labels >= 0
    p = logits.softmax(1)[kept, labels[kept]]
    each = weight[labels[kept]] * -((1 - p) ** 2) * p.log()
    torch.testing.assert_close(FocalLoss(2.0, weight=weight)(logits, labels), each.sum() / weight[labels[kept]].sum())
    plain = functional.cross_entropy(logits, labels, weight=weight)
    torch.testing.assert_close(FocalLoss(0.0, weight=weight)(logits, labels), plain)
