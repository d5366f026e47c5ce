import pytest
import torch

from carekit.data.batches import Batch
from carekit.method.seeding import seeded
from carekit.strategies import Augmentation


def test_the_mask_moves_with_its_image():
    """A bright square on black, and a box exactly around it: afterwards the mask is still where it is bright."""
    images = torch.zeros(6, 3, 33, 33, dtype=torch.uint8)
    images[:, :, 4:14, 18:30] = 200
    masks = (images[:, 0] > 0).to(torch.uint8)
    before = Batch(images.clone(), torch.zeros(6, dtype=torch.long), masks.clone(), torch.ones(6, dtype=torch.bool))
    with seeded(0):
        found = Augmentation().batch(before)
    bright = (found.images.amax(1) > 60).to(torch.uint8)
    overlap = (bright & found.m_in).sum((1, 2)) / (bright | found.m_in).sum((1, 2))
    assert overlap.min() > 0.95
    stayed = (found.m_in & masks).sum((1, 2)) / masks.sum((1, 2))
    assert stayed.min() < 0.5  # and it did move
    assert torch.equal(before.images, images) and torch.equal(before.m_in, masks)


def test_a_box_turned_out_of_the_picture_is_no_box():
    masks = torch.zeros(1, 33, 33, dtype=torch.uint8)
    masks[0, 0, 0] = 1
    batch = Batch(torch.zeros(1, 3, 33, 33, dtype=torch.uint8), torch.tensor([0]), masks, torch.tensor([True]))
    found = []
    for seed in range(8):
        with seeded(seed):
            found.append(bool(Augmentation().batch(batch).has_box))
    assert False in found


def test_an_unknown_level_is_refused():
    with pytest.raises(ValueError, match="did you mean 'strong'"):
        Augmentation("stron")
