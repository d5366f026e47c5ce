from dataclasses import dataclass

import pytest

from carekit.experiment import Arm
from carekit.experiment.box_sources import Jittered, Scaled
from carekit.ground.settings_as_data import to_plain
from carekit.objectives import Care


def test_equal_settings_give_equal_descriptions():
    assert to_plain(Arm(Care(lam=1))) == to_plain(Arm(Care(lam=1.0)))
    assert to_plain(Arm(Care(lam=1))) != to_plain(Arm(Care(lam=1.1)))


def test_the_type_counts_not_only_the_fields():
    @dataclass(frozen=True)
    class Other:
        box_scale: float = 1.0

    assert to_plain(Scaled()) != to_plain(Other())
    assert to_plain(Arm(boxes=Jittered())) != to_plain(Arm())


def test_what_is_no_plain_setting_is_refused():
    with pytest.raises(TypeError, match="no plain setting"):
        to_plain({"f": print})
