import numpy as np
import pytest
import torch
from sklearn.utils.class_weight import compute_class_weight
from torch.nn import functional

from carekit import strategies
from carekit.strategies import CostSensitive, EffectiveNumber


def test_weights_balance_what_each_class_contributes():
    counts = [90, 9, 1]
    share = strategies.class_weights(counts) * torch.tensor(counts)
    torch.testing.assert_close(share, torch.full((3,), 100 / 3))


def test_weights_are_scikit_learns_balanced_ones():
    labels = np.repeat([0, 1, 2], [90, 9, 1])
    expected = compute_class_weight("balanced", classes=np.arange(3), y=labels)
    np.testing.assert_allclose(strategies.class_weights([90, 9, 1]), expected, rtol=1e-6)


@pytest.mark.parametrize("beta", [0.0, 0.9, 0.999, 0.9999])
def test_effective_number_is_the_sum_that_it_abbreviates(beta):
    """E_n = 1 + β + β² + ... + β^(n-1)."""
    counts = [60, 7, 1]
    numbers = [sum(beta**i for i in range(n)) for n in counts]
    expected = torch.tensor([1 / n for n in numbers])
    torch.testing.assert_close(strategies.effective_weights(counts, beta), expected / expected.mean())


def test_effective_numbers_lie_between_equal_weights_and_inverse_counts():
    inverse = strategies.class_weights([60, 7, 1])
    torch.testing.assert_close(strategies.effective_weights([60, 7, 1], 1 - 1e-9), inverse / inverse.mean())
    torch.testing.assert_close(strategies.effective_weights([60, 7, 1], 0.0), torch.ones(3))


@pytest.mark.parametrize("strategy", [CostSensitive(), EffectiveNumber(beta=0.9)])
def test_the_loss_is_the_weighted_mean_over_the_batch(strategy):
    torch.manual_seed(0)
    logits, labels, counts = torch.randn(6, 3), torch.tensor([0, 1, 2, 2, 1, 0]), [60, 7, 1]
    of = {CostSensitive: strategies.class_weights, EffectiveNumber: lambda n: strategies.effective_weights(n, 0.9)}
    weights = of[type(strategy)](counts)[labels]
    each = functional.cross_entropy(logits, labels, reduction="none")
    expected = (weights * each).sum() / weights.sum()
    torch.testing.assert_close(strategy.class_loss(counts)(logits, labels), expected)


@pytest.mark.parametrize(
    "name", ["weighted", "effective_number", "weighted_focal", "balanced_softmax", "logit_adjustment", "ldam"]
)
def test_a_class_without_samples_is_refused(name):
    with pytest.raises(ValueError, match="class 1 has no training sample"):
        strategies.STRATEGIES.named(name).class_loss([5, 0, 2])


@pytest.mark.parametrize("beta", [-0.1, 1.0, float("nan")])
def test_a_beta_out_of_range_is_refused(beta):
    with pytest.raises(ValueError, match="beta = .* is out of range: choose 0 <= beta < 1"):
        EffectiveNumber(beta=beta)
