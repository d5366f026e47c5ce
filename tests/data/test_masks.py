import numpy as np
import pytest

from carekit.data.masks import around


def test_the_box_around_a_mask_is_tight():
    rng = np.random.default_rng(0)
    for density in (0.02, 0.1, 0.9):
        mask = rng.random((9, 14)) < density
        mask[4, 6] = True
        points = [(x, y) for y in range(9) for x in range(14) if mask[y, x]]
        x, y = zip(*points, strict=True)
        expected = [min(x), min(y), max(x) + 1, max(y) + 1]
        assert around(mask).tolist() == around(mask.astype(np.uint8) * 255).tolist() == expected


def test_an_empty_mask_has_no_box():
    with pytest.raises(ValueError, match="0 everywhere has no box"):
        around(np.zeros((3, 4), np.uint8))
