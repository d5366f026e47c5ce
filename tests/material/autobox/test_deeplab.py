import pytest
import torch

from carekit.material.autobox.deeplab import build_deeplab, dice_loss, lesion_masks
from carekit.material.autobox.trunks import TRUNKS


def test_the_dice_loss_is_the_equation():
    torch.manual_seed(0)
    logits, masks = torch.randn(3, 2, 5, 6), torch.rand(3, 5, 6) < 0.4
    expected = 0
    for image, mask in zip(logits, masks, strict=True):
        above, below = 1.0, 1.0
        for i in range(5):
            for j in range(6):
                p = torch.exp(image[1, i, j]) / (torch.exp(image[0, i, j]) + torch.exp(image[1, i, j]))
                above += 2 * p * mask[i, j]
                below += p + mask[i, j]
        expected += (1 - above / below) / 3
    torch.testing.assert_close(dice_loss(logits, masks), expected)


def test_the_dice_loss_of_a_perfect_mask_is_zero_and_of_an_empty_one_finite():
    masks = torch.zeros(1, 8, 8, dtype=torch.bool)
    masks[0, 2:5, 2:5] = True
    logits = torch.stack([~masks, masks], 1).float() * 50
    assert dice_loss(logits, masks) < 1e-5
    empty = torch.zeros(1, 8, 8, dtype=torch.bool)
    assert torch.isfinite(dice_loss(torch.randn(1, 2, 8, 8), empty))


def test_each_pixel_gets_two_logits():
    model = build_deeplab("small")
    assert model(torch.rand(2, 3, 48, 64)).shape == (2, 2, 48, 64)


def test_the_same_seed_gives_the_same_weights():
    one, same, other = (build_deeplab("small", seed=seed).state_dict() for seed in (3, 3, 4))
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert any(not torch.equal(one[name], other[name]) for name in one)


def test_a_mask_is_where_the_lesions_logit_is_the_larger_one():
    model = build_deeplab("small").eval()
    images = torch.rand(2, 3, 32, 32)
    with torch.no_grad():
        logits = model(images)
    assert torch.equal(lesion_masks(model, images, 32), logits[:, 1] > logits[:, 0])
    assert lesion_masks(model, torch.rand(1, 3, 50, 50), 32).shape == (1, 50, 50)


@pytest.mark.parametrize("name", TRUNKS)
def test_every_trunk_has_maps_of_an_eighth(name):
    trunk = TRUNKS.named(name)(False, False).trunk.eval()
    with torch.no_grad():
        assert trunk(torch.rand(1, 3, 64, 64)).shape[2:] == (8, 8)


def test_a_dilated_resnet_computes_at_every_place_what_the_strided_one_does_at_some():
    """Dilation leaves the weights their meaning: the dilated maps hold the strided ones."""
    from carekit.method.seeding import seeded
    from carekit.networks import BACKBONES

    with seeded(0):
        strided = BACKBONES.named("resnet18")(2, False).trunk.eval()
    with seeded(0):
        dilated = TRUNKS.named("resnet18")(False, False).trunk.eval()
    images = torch.rand(1, 3, 256, 256)
    with torch.no_grad():
        few, many = strided(images), dilated(images)
    assert few.shape[2:] == (8, 8) and many.shape[2:] == (32, 32)
    torch.testing.assert_close(many[:, :, ::4, ::4], few, atol=1e-5, rtol=1e-4)


def test_a_misspelt_trunk_gets_the_nearest_name():
    with pytest.raises(ValueError, match="did you mean 'resnet50'"):
        build_deeplab("resnet5")
