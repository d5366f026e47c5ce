"""What lesson 8 compares: networks by profile, their data, maps in the loss, and the maps that it draws."""

import pytest

from carekit.experiment.profiles import profile
from carekit.material.drawing import SKIN, draw
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
