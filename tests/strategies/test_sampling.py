from collections import Counter

import numpy as np
import pytest

from carekit import Care, finetune
from carekit.data.batches import BoxedImages
from carekit.method.seeding import seeded
from carekit.networks import build
from carekit.strategies import OverSampling, UnderSampling
from carekit.strategies.sampling import balanced
from carekit.training import Schedule

LABELS = np.array([0] * 50 + [2] * 7 + [3])  # class 1 has no image, class 3 only one


def drawn(sampler, seed=0):
    with seeded(seed):
        rows = list(sampler)
    assert len(rows) == len(sampler)
    return rows


@pytest.mark.parametrize("strategy, each", [(OverSampling(), 50), (UnderSampling(), 1)])
def test_every_class_that_there_is_has_the_same_number(strategy, each):
    rows = drawn(strategy.sampler(LABELS))
    assert Counter(LABELS[rows]) == {0: each, 2: each, 3: each}


def test_over_sampling_loses_no_image_and_repeats_those_of_a_class_evenly():
    times = Counter(drawn(OverSampling().sampler(LABELS)))
    assert set(times) == set(range(len(LABELS)))
    assert {times[i] for i in range(50)} == {1}
    assert {times[i] for i in range(50, 57)} == {7, 8}
    assert times[57] == 50


def test_under_sampling_repeats_none_and_takes_others_each_time():
    labels = np.array([0] * 50 + [1] * 7)
    first, second = (drawn(UnderSampling().sampler(labels), seed) for seed in (0, 1))
    assert len(set(first)) == 14
    assert set(first) != set(second) and set(range(50, 57)) <= set(first) & set(second)


def test_the_order_is_mixed_and_decided_by_torchs_seed():
    sampler = OverSampling().sampler(LABELS)
    first, again, other = drawn(sampler, 3), drawn(sampler, 3), drawn(sampler, 4)
    assert first == again != other
    assert (np.diff(LABELS[first]) != 0).sum() > 30  # not class by class


def test_balanced_sampling_draws_classes_with_the_same_chance():
    with seeded(0):
        rows = np.concatenate([list(balanced(LABELS)) for _ in range(200)])
    shares = np.bincount(LABELS[rows])[[0, 2, 3]] / len(rows)
    assert len(rows) == 200 * len(LABELS)
    np.testing.assert_allclose(shares, 1 / 3, atol=0.02)
    assert set(rows.tolist()) == set(range(len(LABELS)))


@pytest.mark.parametrize("strategy", [OverSampling(), UnderSampling()])
def test_a_class_with_a_single_image_trains_with_attention_too(strategy, tiny):
    one = tiny.take((tiny.labels == 0) | (np.cumsum(tiny.labels) == 1))
    assert one.counts() == {"common": 24, "rare": 1}
    schedule = Schedule(epochs=1, batch_size=8, lr=1e-3)
    history = finetune(build("small", 2), BoxedImages(one), Care(), schedule, strategy=strategy)
    assert np.isfinite(history[["loss", "L_in"]]).all(axis=None)
