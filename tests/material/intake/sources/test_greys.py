import numpy as np
import pytest

from carekit.material.intake.sources.greys import spread

RAMP = np.tile(np.arange(100, dtype=np.uint16) * 40, (100, 1))


def test_from_the_darkest_to_the_lightest():
    assert np.abs(spread(RAMP).astype(float) - RAMP / RAMP.max() * 255).max() <= 0.5 + 1e-4
    assert not spread(np.full((4, 4), 7, np.uint16)).any()


def test_a_single_bright_pixel_does_not_make_all_others_black():
    spoilt = RAMP.copy()
    spoilt[0, 0] = 65535
    assert np.abs(spread(spoilt).astype(int) - spread(RAMP)).max() <= 1 or spread(spoilt)[0, 0] == 255
    assert np.abs(spread(spoilt)[1:].astype(int) - spread(RAMP)[1:]).max() <= 1


def test_padding_is_black_and_does_not_decide():
    padded = RAMP.astype(np.int32)
    padded[:10] = -2000
    known = padded != -2000
    grey = spread(padded, known)
    assert (grey[:10] == 0).all()
    np.testing.assert_array_equal(grey[10:], spread(RAMP[10:]))


def test_no_numbers_are_told():
    with pytest.raises(ValueError, match="no number"):
        spread(np.array([[np.nan, 1.0]]))
