from dataclasses import dataclass

import pytest

from carekit.experiment import Arm
from carekit.experiment.box_sources import Jittered, Scaled
from carekit.ground.settings_as_data import described
from carekit.objectives import Care


def test_equal_settings_give_equal_descriptions():
    assert described(Arm(Care(lam=1))) == described(Arm(Care(lam=1.0)))
    assert described(Arm(Care(lam=1))) != described(Arm(Care(lam=1.1)))


def test_the_type_counts_not_only_the_fields():
    @dataclass(frozen=True)
    class Other:
        box_scale: float = 1.0

    assert described(Scaled()) != described(Other())
    assert described(Arm(boxes=Jittered())) != described(Arm())


def test_what_is_no_plain_setting_is_refused():
    with pytest.raises(TypeError, match="no plain setting"):
        described({"f": print})
