import math

import pytest
import torch
from torch.nn import functional

from carekit import Care, finetune
from carekit.data.batches import BoxedImages
from carekit.networks import build
from carekit.strategies import BalancedSoftmax, LogitAdjustment
from carekit.training import Schedule

COUNTS = [90, 9, 1]


@pytest.fixture
def batch():
    torch.manual_seed(0)
    return torch.randn(4, 3), torch.tensor([0, 1, 2, 2])


def test_balanced_softmax_is_equation_4_of_its_paper(batch):
    """-log of n_y e^y / Σ_c n_c e^c (Ren et al. 2020)."""
    logits, labels = batch
    expected = 0.0
    for row, label in zip(logits.tolist(), labels.tolist(), strict=True):
        terms = [n * math.exp(score) for n, score in zip(COUNTS, row, strict=True)]
        expected -= math.log(terms[label] / sum(terms)) / len(labels)
    assert BalancedSoftmax().class_loss(COUNTS)(logits, labels).item() == pytest.approx(expected, rel=1e-5)


def test_a_tau_of_zero_is_the_cross_entropy_and_half_a_tau_takes_roots(batch):
    torch.testing.assert_close(BalancedSoftmax(0.0).class_loss(COUNTS)(*batch), functional.cross_entropy(*batch))
    roots = torch.tensor(COUNTS).sqrt()
    expected = functional.cross_entropy(batch[0] + roots.log(), batch[1])
    torch.testing.assert_close(BalancedSoftmax(0.5).class_loss(COUNTS)(*batch), expected)


def test_afterwards_only_the_biases_differ_from_plain_training(tiny):
    plain, adjusted = build("small", 2, seed=1), build("small", 2, seed=1)
    schedule = Schedule(epochs=1, batch_size=8)
    finetune(plain, BoxedImages(tiny), Care(), schedule)
    finetune(adjusted, BoxedImages(tiny), Care(), schedule, strategy=LogitAdjustment(tau=1.5))
    images = tiny.tensor([0, 3])
    difference = (adjusted.eval()(images).logits - plain.eval()(images).logits)[0]
    shares = torch.tensor([18 / 24, 6 / 24])
    torch.testing.assert_close(difference, -1.5 * shares.log())


@pytest.mark.parametrize("made", [BalancedSoftmax, LogitAdjustment])
def test_a_tau_out_of_range_is_refused(made):
    with pytest.raises(ValueError, match="tau = -1 is out of range"):
        made(tau=-1)
