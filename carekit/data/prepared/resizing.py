"""Images and masks squashed to a square."""

import numpy as np
from PIL import Image


def resize_image(image: Image.Image, size: int) -> np.ndarray:
    """An RGB image squashed to uint8 (size, size, 3); Pillow widens the cubic filter when it reduces: no aliasing."""
    return np.asarray(image.resize((size, size), Image.Resampling.BICUBIC))


def resize_mask(mask: np.ndarray, size: int) -> np.ndarray:
    """A mask (h, w) of 0 and 1 at (size, size): 1 where at least half of a pixel was."""
    grey = Image.fromarray(np.asarray(mask, np.uint8) * 255)
    return (np.asarray(grey.resize((size, size), Image.Resampling.BILINEAR)) >= 128).astype(np.uint8)
