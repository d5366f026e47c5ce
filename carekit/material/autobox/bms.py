"""BMS: saliency by boolean maps (Zhang and Sclaroff, ICCV 2013). What a threshold surrounds is salient.

A region that stays closed over many thresholds, away from the border, is a figure on a ground.
"""

import numpy as np
from jaxtyping import Bool, Float, UInt8
from skimage.color import rgb2lab
from skimage.segmentation import clear_border

from carekit.material.autobox.scaling import min_max

LEVELS = 32


def boolean_maps(channel: Float[np.ndarray, "h w"], levels: int = LEVELS) -> Bool[np.ndarray, "m h w"]:
    """The channel above each of `levels` thresholds between its extremes, and below each: m = 2 levels."""
    low = channel.min()
    high = channel.max()
    thresholds = np.linspace(low, high, levels + 2)[1:-1]
    above = channel[None] > thresholds[:, None, None]  # (levels, h, w)
    return np.concatenate([above, ~above])  # (2 levels, h, w)


def surrounded(region: Bool[np.ndarray, "h w"]) -> Bool[np.ndarray, "h w"]:
    """A boolean map without the regions that touch the image's border."""
    return clear_border(region)


def bms(image: UInt8[np.ndarray, "h w 3"], levels: int = LEVELS) -> Float[np.ndarray, "h w"]:
    """How often each pixel is surrounded, over the thresholds of L, a and b, in [0, 1]; zeros where none ever is."""
    lab = rgb2lab(image)
    attention = np.zeros(image.shape[:2])
    for channel in np.moveaxis(lab, -1, 0):  # (h, w, 3) -> (3, h, w)
        if np.ptp(channel) == 0:
            continue
        attention += sum(surrounded(region) for region in boolean_maps(channel, levels))
    return min_max(attention)
