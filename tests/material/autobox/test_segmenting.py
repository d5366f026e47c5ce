import numpy as np
import pytest
import torch

from carekit import build
from carekit.material.autobox.deeplab import build_deeplab, lesion_masks
from carekit.material.autobox.pairs import Pairs
from carekit.material.autobox.segmenting import Fit, fit_segmenter, load_segmenter, save_segmenter
from carekit.material.autobox.views import Views
from carekit.networks import checkpoints

ALL_WAYS = [
    lambda x, across=across, down=down, turn=turn: _way(x, across, down, turn)
    for across in (False, True)
    for down in (False, True)
    for turn in (False, True)
]


def _way(x, across, down, turn):
    x = x.flip(-1) if across else x
    x = x.flip(-2) if down else x
    return x.mT if turn else x


def squares(n, size=32):
    """Bright squares on noise, with their masks."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 120, (n, 3, size, size), dtype=np.uint8)
    masks = np.zeros((n, size, size), bool)
    for i, (x, y) in enumerate(rng.integers(2, size - 14, (n, 2))):
        masks[i, y : y + 12, x : x + 12] = True
        images[i, :, y : y + 12, x : x + 12] = 230
    return Pairs(torch.from_numpy(images), torch.from_numpy(masks))


@pytest.fixture(scope="module")
def trained():
    model = build_deeplab("small")
    return model, fit_segmenter(model, squares(48), Fit(epochs=10, batch_size=8, lr=3e-3), progress=False)


def test_it_learns_to_see_the_squares_and_is_frozen(trained):
    model, history = trained
    assert history.held_out.min() < 0.25 and history.held_out.min() < history.held_out.iloc[0]
    assert not model.training and not any(p.requires_grad for p in model.parameters())
    pairs = squares(48)
    found = lesion_masks(model, pairs.images / 255, 32)
    overlap = (found & pairs.masks).sum() / (found | pairs.masks).sum()
    assert overlap > 0.6


def test_it_stops_when_it_has_converged_and_keeps_its_best_weights():
    model = build_deeplab("small")
    pairs = squares(6)
    still = Pairs(pairs.images, torch.zeros_like(pairs.masks))  # nothing to learn but to be silent
    history = fit_segmenter(model, still, Fit(epochs=60, batch_size=4, lr=0.05, patience=2), progress=False)
    assert len(history) < 60
    assert history.held_out.iloc[-2:].min() >= history.held_out.iloc[:-2].min()


def test_the_same_seed_gives_the_same_weights():
    one, same = build_deeplab("small"), build_deeplab("small")
    for model in (one, same):
        fit_segmenter(model, squares(8), Fit(epochs=2, batch_size=4), progress=False)
    assert all(torch.equal(a, b) for a, b in zip(one.state_dict().values(), same.state_dict().values(), strict=True))


@pytest.mark.parametrize("n", [2, 3, 5])
def test_few_pairs_are_enough(n):
    history = fit_segmenter(build_deeplab("small"), squares(n), Fit(epochs=1, batch_size=4), progress=False)
    assert np.isfinite(history.loss).all()


def test_one_pair_is_too_few():
    with pytest.raises(ValueError, match="1 pairs are too few"):
        fit_segmenter(build_deeplab("small"), squares(1), progress=False)


def test_a_loss_that_is_no_number_stops_the_training():
    pairs = squares(8)
    model = build_deeplab("small")
    with torch.no_grad():
        model.head[-1].weight.fill_(float("nan"))
    with pytest.raises(FloatingPointError, match="lower the learning rate"):
        fit_segmenter(model, pairs, Fit(epochs=1), progress=False)


def test_a_saved_segmentation_is_the_same(trained, tmp_path):
    model, _ = trained
    save_segmenter(tmp_path / "s.safetensors", model, 32, pairs=48)
    again, about = load_segmenter(tmp_path / "s.safetensors")
    images = squares(2).images / 255
    assert torch.equal(lesion_masks(model, images, 32), lesion_masks(again, images, 32))
    assert about == {"trunk": "small", "frozen": False, "size": 32, "pairs": 48}


def test_frozen_layers_stay_as_they_are_and_come_back(tmp_path):
    model = build_deeplab("efficientnet_lite0", frozen=True)  # random weights: nothing has to be installed
    before = {name: tensor.clone() for name, tensor in model.frozen.state_dict().items()}
    fit_segmenter(model, squares(6), Fit(epochs=2, batch_size=4), progress=False)
    assert all(torch.equal(before[name], tensor) for name, tensor in model.frozen.state_dict().items())
    save_segmenter(tmp_path / "s.safetensors", model, 32)
    again, _ = load_segmenter(tmp_path / "s.safetensors")
    images = squares(2).images / 255
    assert torch.equal(lesion_masks(model, images, 32), lesion_masks(again, images, 32))


@pytest.mark.parametrize("trunk", ["small", "efficientnet_lite0"])
def test_pairs_are_turned_with_their_masks(trunk):
    """What the trained layers see of a turned pair is what they see of the turned image."""
    model = build_deeplab(trunk, frozen=True).eval()
    pairs = squares(6)
    data = Views(model, pairs)
    plain, masks = data.plain(torch.arange(6))
    torch.testing.assert_close(plain, model.early(pairs.images / 255), atol=0.02, rtol=0.01)
    assert torch.equal(masks, pairs.masks)
    seen = set()
    for seed in range(8):
        torch.manual_seed(seed)
        early, masks = data.random(torch.tensor([3]))
        images, wanted = pairs.images[3:4] / 255, pairs.masks[3:4]
        ways = [(flip(images), flip(wanted)) for flip in ALL_WAYS]
        close = [
            place
            for place, (image, mask) in enumerate(ways)
            if torch.equal(mask, masks) and torch.allclose(model.early(image), early, atol=0.05)
        ]
        assert close
        seen.add(close[0])
    assert len(seen) > 1


def test_a_checkpoint_of_another_network_is_refused(tmp_path):
    checkpoints.save(tmp_path / "c.safetensors", build("small", 7))
    with pytest.raises(ValueError, match="holds no segmentation: make one with"):
        load_segmenter(tmp_path / "c.safetensors")
    checkpoints.save(
        tmp_path / "d.safetensors", build("small", 7), about={"trunk": "small", "frozen": False, "size": 32}
    )
    with pytest.raises(ValueError, match="holds small for 7 classes, not deeplabv3-small"):
        load_segmenter(tmp_path / "d.safetensors")
    with pytest.raises(FileNotFoundError, match="there is no checkpoint"):
        load_segmenter(tmp_path / "nix.safetensors")


@pytest.mark.parametrize(
    "wrong", [{"epochs": 0}, {"patience": 0}, {"batch_size": 1}, {"lr": 0}, {"held_out": 0}, {"held_out": 1}]
)
def test_a_setting_out_of_range_is_refused(wrong):
    (name,) = wrong
    with pytest.raises(ValueError, match=f"{name} = "):
        Fit(**wrong)
