import math

import pytest
import torch
from torch.nn import functional

from carekit import Care, finetune
from carekit.data.batches import BoxedImages
from carekit.networks import build
from carekit.strategies import LDAM, effective_weights
from carekit.strategies.ldam import margins
from carekit.training import Schedule

COUNTS = [256, 81, 16, 1]


def test_margins_are_the_inverse_fourth_roots():
    torch.testing.assert_close(margins(COUNTS, 0.5), 0.5 / torch.tensor([4.0, 3.0, 2.0, 1.0]))


@pytest.mark.parametrize("scale", [1.0, 30.0])
def test_the_loss_is_equation_13_of_its_paper(scale):
    """-log of e^(z_y - Δ_y) / (e^(z_y - Δ_y) + Σ over the others of e^z), with all exponents times the scale."""
    torch.manual_seed(0)
    logits, labels = 0.3 * torch.randn(5, 4), torch.tensor([0, 1, 2, 3, 3])
    expected = 0.0
    for row, label in zip(logits.tolist(), labels.tolist(), strict=True):
        own = math.exp(scale * (row[label] - 0.5 / COUNTS[label] ** 0.25))
        others = sum(math.exp(scale * score) for c, score in enumerate(row) if c != label)
        expected -= math.log(own / (own + others)) / len(labels)
    loss = LDAM(scale=scale).class_loss(COUNTS)
    loss.start_epoch(0, 10)
    assert loss(logits, labels).item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("deferred, first", [(0.8, 8), (0.0, 0), (0.75, 8), (1.0, 10)])
def test_weights_come_when_their_share_of_the_epochs_is_over(deferred, first):
    torch.manual_seed(0)
    logits, labels = torch.randn(5, 4), torch.tensor([0, 1, 2, 3, 3])
    loss = LDAM(deferred=deferred, beta=0.99).class_loss(COUNTS)
    shifted = logits - functional.one_hot(labels) * margins(COUNTS, 0.5)
    plain = functional.cross_entropy(shifted, labels)
    weighted = functional.cross_entropy(shifted, labels, weight=effective_weights(COUNTS, 0.99))
    assert not torch.isclose(plain, weighted)
    for epoch in range(10):
        loss.start_epoch(epoch, 10)
        torch.testing.assert_close(loss(logits, labels), weighted if epoch >= first else plain)


def test_training_tells_it_the_epoch(tiny):
    """What is deferred to the second epoch leaves the first as it is without, and changes the second."""
    schedule = Schedule(epochs=2, batch_size=8, lr=2e-3)
    losses = {}
    for deferred in (0.5, 1.0):
        strategy = LDAM(deferred=deferred, beta=0.99)
        history = finetune(build("small", 2, seed=1), BoxedImages(tiny), Care(), schedule, strategy=strategy)
        losses[deferred] = history.L_c.tolist()
    assert losses[0.5][0] == losses[1.0][0]
    assert losses[0.5][1] != losses[1.0][1]


@pytest.mark.parametrize("options", [{"margin": 0}, {"scale": -1}, {"deferred": 1.1}, {"beta": 1}])
def test_values_out_of_range_are_refused(options):
    with pytest.raises(ValueError, match=f"{next(iter(options))} = .* is out of range"):
        LDAM(**options)
