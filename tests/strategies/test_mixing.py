import numpy as np
import pytest
import torch
from torch.nn import functional

import carekit.networks.vision  # noqa: F401  before torchvision
from carekit.data.batches import Batch, BoxedImages
from carekit.method.seeding import seeded
from carekit.strategies import CutMix, Mixup, of_both_labels
from carekit.strategies.mixing import cut, mixed

ROLLED = torch.tensor([3, 0, 1, 2])  # what torchvision mixes with: the image before


@pytest.fixture
def batch():
    torch.manual_seed(0)
    images = torch.randint(0, 256, (4, 3, 8, 10), dtype=torch.uint8)
    masks = torch.zeros(4, 8, 10, dtype=torch.uint8)
    masks[0, 1:4, 2:5] = 1
    masks[2, 5:8, 6:10] = 1
    return Batch(images, torch.tensor([1, 0, 1, 2]), masks, torch.tensor([True, False, True, False]))


def rolled(monkeypatch):
    monkeypatch.setattr(torch, "randperm", lambda n: ROLLED)


@pytest.mark.parametrize("seed", range(6))
def test_cutmix_is_torchvisions(seed, batch, monkeypatch):
    from torchvision.transforms import v2

    with seeded(seed):
        images, soft = v2.CutMix(alpha=1.0, num_classes=3)(batch.images, batch.labels)
    rolled(monkeypatch)
    with seeded(seed):
        found = CutMix(a=1.0).batch(batch)
    assert torch.equal(found.images, images)
    torch.testing.assert_close(targets(found), soft)


@pytest.mark.parametrize("seed", range(6))
def test_mixup_is_torchvisions_but_for_rounding_and_for_who_comes_first(seed, batch, monkeypatch):
    from torchvision.transforms import v2

    unit = batch._replace(images=batch.images.float() / 255)
    with seeded(seed):
        images, soft = v2.MixUp(alpha=0.7, num_classes=3)(unit.images, batch.labels)
    share = torch.distributions.Beta(0.7, 0.7)
    with seeded(seed):
        drawn = share.sample().item()
    order = ROLLED if drawn >= 0.5 else ROLLED.argsort()  # the pair (i, j) of the one is (j, i) of the other
    monkeypatch.setattr(torch, "randperm", lambda n: order)
    with seeded(seed):
        found = Mixup(a=0.7).batch(unit)
    place = torch.arange(4) if drawn >= 0.5 else ROLLED
    torch.testing.assert_close(found.images[place], images)
    torch.testing.assert_close(targets(found)[place], soft)
    with seeded(seed):
        whole = Mixup(a=0.7).batch(batch).images
    assert whole.dtype == torch.uint8
    assert (whole.float() - 255 * found.images).abs().max() <= 0.5 + 1e-3


def targets(batch):
    own, other = (functional.one_hot(labels, 3).float() for labels in (batch.labels, batch.mixed_with))
    return batch.share * own + (1 - batch.share) * other


def test_a_box_that_cutting_took_away_is_no_box(batch):
    found = cut(batch, ROLLED, (slice(0, 5), slice(1, 6)))  # all of the first box, nothing of the other
    assert found.has_box.tolist() == [False, False, True, False]
    assert found.m_in[0].sum() == 0 and torch.equal(found.m_in[2], batch.m_in[2])
    assert found.share == pytest.approx(1 - 25 / 80)


def test_what_a_patch_leaves_of_a_box_is_asked_for_and_no_box_comes_with_it(batch):
    found = cut(batch, ROLLED, (slice(0, 3), slice(0, 10)))
    expected = batch.m_in.clone()
    expected[:, :3] = 0
    assert torch.equal(found.m_in, expected) and found.m_in[0].sum() == 3
    assert found.has_box.tolist() == batch.has_box.tolist()


def test_mixup_leaves_an_image_mostly_itself_with_its_own_box(batch):
    shares = []
    for seed in range(20):
        with seeded(seed):
            found = Mixup(a=1.0).batch(batch)
        shares.append(found.share)
        assert torch.equal(found.m_in, batch.m_in) and torch.equal(found.labels, batch.labels)
    assert min(shares) >= 0.5 and np.ptp(shares) > 0.3


def test_the_batch_that_came_in_is_not_changed(batch):
    before = [part.clone() for part in batch[:4]]
    for strategy in (CutMix(), Mixup(a=2.0)):
        for seed in range(3):
            with seeded(seed):
                strategy.batch(batch)
    assert all(torch.equal(a, b) for a, b in zip(before, batch[:4], strict=True))


def test_the_loss_of_both_labels_is_the_cross_entropy_to_soft_ones(batch):
    torch.manual_seed(1)
    logits, found = torch.randn(4, 3), mixed(batch, ROLLED, 0.7)
    loss = of_both_labels(functional.cross_entropy, found.mixed_with, found.share)
    torch.testing.assert_close(loss(logits, found.labels), functional.cross_entropy(logits, targets(found)))


def test_a_batch_of_one_is_mixed_with_itself(tiny):
    one = BoxedImages(tiny).__getitems__([3])
    for strategy in (CutMix(), Mixup()):
        found = strategy.batch(one)
        assert torch.equal(found.images, one.images)


@pytest.mark.parametrize("made", [Mixup, CutMix])
@pytest.mark.parametrize("a", [0, -1, float("inf")])
def test_an_a_out_of_range_is_refused(made, a):
    with pytest.raises(ValueError, match="a = .* is out of range: choose a > 0"):
        made(a=a)
