import pytest
import torch
from torch.nn import functional

from carekit import strategies


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
