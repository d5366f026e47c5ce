import numpy as np
import pytest


@pytest.fixture
def lesion():
    """An image of 64 px with a dark ellipse on skin with some noise, and the ellipse's mask."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:64, :64]
    mask = ((x - 30) / 14) ** 2 + ((y - 34) / 10) ** 2 < 1
    colour = np.where(mask[:, :, None], [120, 70, 60], [215, 170, 150])
    return np.clip(colour + rng.normal(0, 5, (64, 64, 3)), 0, 255).astype(np.uint8), mask
