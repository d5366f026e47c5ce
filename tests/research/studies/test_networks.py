"""What lesson 8 compares: networks by profile, their data, maps in the loss, and the maps that it draws."""

import numpy as np
import pytest
import torch

from carekit.experiment.profiles import profile
from carekit.material.drawing import SKIN, draw
from carekit.method.cam import MAPS
from carekit.networks import efficientnet_lite
from carekit.research.setting import Setting
from carekit.research.setting.parameters import check_parameters
from carekit.research.studies import networks


@pytest.fixture(scope="module")
def lesson():
    few = dict.fromkeys(SKIN.classes, 2)
    return Setting(check_parameters({"profile": "fast"}), draw(SKIN, 0, 32, few, few), profile("fast"))


def lesson_of(name):
    few = dict.fromkeys(SKIN.classes, 1)
    return Setting(check_parameters({"profile": name}), draw(SKIN, 0, 32, few, few), profile(name))


def test_each_profile_has_a_transformer_and_an_earlier_layer_to_look_at():
    for name in ("fast", "laptop", "paper"):
        found = networks.networks(lesson_of(name))
        assert any("vit" in each.backbone for each in found.values())
        assert any(each.earlier for each in found.values())
        first = next(iter(found.values()))
        assert first.profile == profile(name)


@pytest.mark.skipif(not efficientnet_lite.installed(), reason="its weights come with the course extra")
def test_networks_on_the_same_frozen_layers_see_the_same_images():
    found = networks.networks(lesson_of("laptop"))
    own, hybrid, small = found.values()
    assert (own.profile.size, own.profile.images) == (hybrid.profile.size, hybrid.profile.images)
    assert hybrid.profile.imagenet and not small.profile.imagenet


def test_the_data_are_the_lessons_unless_the_network_takes_other_images(lesson, monkeypatch):
    small, vit = networks.networks(lesson).values()
    assert networks.on(lesson, vit).data is lesson.data
    asked = []
    monkeypatch.setattr(networks.setup, "load", lambda parameters, chosen: asked.append(chosen.size) or lesson.data)
    other = networks.Network("small", profile("laptop", backbone="small"))
    assert networks.on(lesson, other).profile is other.profile and asked == [64]


def test_an_arm_for_each_map_with_the_same_control(lesson):
    comparison = networks.maps_in_the_loss(lesson.arm, ["hires_cam", "layer_cam"])
    assert list(comparison.arms) == ["without attention", "HiResCAM", "LayerCAM"]
    assert comparison.arms["LayerCAM"].objective.method == "layer_cam"
    assert comparison.arms["without attention"] == lesson.arm.control()
    assert comparison.controls == {"HiResCAM": "without attention", "LayerCAM": "without attention"}
    with pytest.raises(ValueError, match="method = 'hirescam' is unknown: did you mean 'hires_cam'"):
        networks.maps_in_the_loss(lesson.arm, ["hirescam"])


def test_fineness_is_what_a_pass_gives():
    table = networks.fineness(["small", "resnet18@layer3"], 64)
    assert table.cells.tolist() == ["8 x 8", "4 x 4"] and table["pixels a cell"].tolist() == [8, 16]
    assert table["head"].tolist() == ["pooling, linear", "other"]


def test_maps_of_an_image_are_those_of_its_true_class(lesson):
    from carekit.networks import build

    model = build("small", 7).eval()
    row = 5
    maps = networks.maps_of(model, lesson.test, row, list(MAPS))
    assert list(maps) == [each.label for each in MAPS.values()]
    features = model.features(lesson.test.tensor([row]))
    weights = model.linear_head.weight[int(lesson.test.labels[row])]
    raw = torch.einsum("k,bkuv->buv", weights, features)[0].detach().numpy()
    expected = (raw - raw.min()) / (raw.max() - raw.min())
    np.testing.assert_allclose(maps["Grad-CAM"], expected, atol=1e-5)
    np.testing.assert_allclose(maps["HiResCAM"], expected, atol=1e-5)
