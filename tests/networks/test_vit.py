"""Transformers whose patches are maps: against loops, torch's own attention, and torchvision's network."""

import sys

import numpy as np
import pytest
import torch
from torch import nn

from carekit import finetune
from carekit.data.batches import BoxedImages
from carekit.material.drawing import skin
from carekit.networks import build
from carekit.networks.torchvision_nets import Grid, _built, vision_transformer
from carekit.networks.vit import Attention, positions
from carekit.objectives import Care
from carekit.strategies.decoupling import last_block
from carekit.training import Schedule, cached


def test_attention_is_that_of_torch():
    torch.manual_seed(0)
    ours, theirs = Attention(8, 2), nn.MultiheadAttention(8, 2, batch_first=True)
    theirs.load_state_dict(
        {
            "in_proj_weight": ours.asked.weight,
            "in_proj_bias": ours.asked.bias,
            "out_proj.weight": ours.answer.weight,
            "out_proj.bias": ours.answer.bias,
        }
    )
    x = torch.randn(2, 3, 5, 8)
    tokens = x.flatten(1, 2)
    torch.testing.assert_close(ours(x).flatten(1, 2), theirs(tokens, tokens, tokens)[0], atol=1e-6, rtol=1e-5)


def test_positions_are_waves_of_row_and_column():
    found = positions(3, 4, 8).numpy()
    for i, j in np.ndindex(3, 4):
        waves = [1.0, 10_000**-0.5]
        expected = [f(n * w) for n in (i, j) for f in (np.sin, np.cos) for w in waves]
        np.testing.assert_allclose(found[i, j], expected, atol=1e-6)


def test_torchvisions_transformer_gives_its_own_tokens_as_maps():
    torch.manual_seed(0)
    net = _built("vit_b_32", imagenet=False).eval()
    torch.manual_seed(0)
    trunk = vision_transformer("vit_b_32", 3, False).trunk.eval()
    images = torch.rand(2, 3, 224, 224)
    with torch.no_grad():
        tokens = net.encoder(torch.cat([net.class_token.expand(2, -1, -1), net._process_input(images)], 1))
        maps = trunk(images)
    assert maps.shape == (2, 768, 7, 7)
    for i, j in np.ndindex(7, 7):
        torch.testing.assert_close(maps[:, :, i, j], tokens[:, 1 + 7 * i + j], atol=1e-5, rtol=1e-5)
    with torch.no_grad():
        assert trunk(images[:1, :, :96, :96]).shape == (1, 768, 3, 3)


def test_tokens_that_are_no_grid_are_refused_in_one_sentence():
    with pytest.raises(ValueError, match="^12 tokens are no square grid, so they are no map: give square images$"):
        Grid()(torch.zeros(1, 13, 4))
    with pytest.raises(ValueError, match="images of 100 x 100 px are no whole number of patches of 32 px"):
        build("vit_b_32", 3).map_size(100)


def test_a_transformer_of_timm_whose_tokens_are_no_grid_is_refused():
    pytest.importorskip("timm", reason="timm comes with the interop extra")
    model = build("timm:vit_tiny_patch16_224", 3)
    model.trunk.layers = nn.Sequential(model.trunk.layers, nn.Flatten(1), nn.Unflatten(1, (2, -1)))
    with pytest.raises(ValueError, match="puts out 2 x 2 x 1632, which is no map of 64 x 64 pixels"):
        model(torch.rand(2, 3, 64, 64))


def test_timm_that_is_not_installed_or_a_name_that_it_does_not_have(monkeypatch):
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "timm", None)
        with pytest.raises(RuntimeError, match=r"timm is not installed: run `pip install 'carekit\[interop\]'`"):
            build("timm:resnet18", 3)
    pytest.importorskip("timm", reason="timm comes with the interop extra")
    with pytest.raises(ValueError, match="backbone = 'timm:resnt18' is unknown: did you mean 'resnet18'"):
        build("timm:resnt18", 3)


def test_decoupling_trains_the_last_block():
    for name, first in (("small_vit", "block4"), ("efficientnet_lite0_vit", "block2")):
        trunk = build(name, 2).trunk
        assert last_block(trunk)[0] is trunk.get_submodule(first)
    trunk = build("densenet121", 2).trunk
    assert last_block(trunk)[0] is trunk.get_submodule("denseblock4")


@pytest.mark.parametrize("name", ["efficientnet_lite0_vit", "efficientnet_lite0_fine"])
def test_the_same_seed_gives_the_same_bits_with_and_without_what_is_kept(name):
    train = skin(0, 48, {"nv": 16, "df": 8}, {"nv": 1}).split("train")
    schedule, weights = Schedule(epochs=1, batch_size=7, seed=3), []
    for source in (train, cached(build(name, 7, seed=1), train, flips=True)):
        model = build(name, 7, seed=1)
        finetune(model, BoxedImages(source, None, "flip"), Care(), schedule)
        weights.append(torch.cat([value.flatten().float() for value in model.state_dict().values()]))
    assert torch.equal(*weights)


def test_the_small_transformer_learns(tiny):
    model = build("small_vit", 2)
    history = finetune(model, BoxedImages(tiny), Care(), Schedule(epochs=8, batch_size=8, lr=1e-3))
    assert history.loss.iloc[-1] < history.loss.iloc[0]
