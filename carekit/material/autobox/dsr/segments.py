"""The first stages of DSR: superpixels at eight scales, eight features of each, and those of the background."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int, UInt8
from skimage.color import rgb2lab
from skimage.segmentation import slic

# Segments asked for and SLIC's compactness.
SCALES = ((50, 10), (100, 10), (150, 20), (200, 20), (250, 25), (300, 25), (350, 30), (400, 30))
NO_SPAN = 0.01  # in Lab, where 2 can be seen; a and b of a grey image differ by rounding alone


class Segments(NamedTuple):
    """One segmentation: of each pixel its segment, of each segment its features and whether it touches a border."""

    labels: Int[np.ndarray, "h w"]
    features: Float[np.ndarray, "n 8"]
    background: Bool[np.ndarray, " n"]


def pixel_features(image: UInt8[np.ndarray, "h w 3"]) -> Float[np.ndarray, "h w 8"]:
    """Of each pixel R, G, B in [0, 1], L, a, b each scaled to [0, 1] over the image, and x / W, y / H."""
    height, width = image.shape[:2]
    lab = rgb2lab(image)
    low = lab.min((0, 1))
    span = lab.max((0, 1)) - low
    y, x = np.mgrid[:height, :width]
    place = np.stack([x / width, y / height], axis=-1)  # (h, w, 2)
    return np.concatenate([image / 255, (lab - low) / np.where(span > NO_SPAN, span, 1), place], axis=-1)


def segment(
    image: UInt8[np.ndarray, "h w 3"], features: Float[np.ndarray, "h w 8"], count: int, compactness: float
) -> Segments:
    """About `count` SLIC superpixels (Achanta et al. 2012) with their mean features."""
    labels = slic(image, count, compactness, start_label=0)
    _, labels = np.unique(labels, return_inverse=True)  # a gap in the numbers would be a segment without pixels
    labels = labels.reshape(image.shape[:2])
    sizes = np.bincount(labels.ravel())
    flat = features.reshape(-1, 8)  # (h w, 8)
    sums = np.stack([np.bincount(labels.ravel(), column) for column in flat.T], axis=1)  # (n, 8)
    background = np.zeros(len(sizes), bool)
    for side in (labels[0], labels[-1], labels[:, 0], labels[:, -1]):
        background[side] = True
    return Segments(labels, sums / sizes[:, None], background)


def paint(values: Float[np.ndarray, " n"], segments: Segments) -> Float[np.ndarray, "h w"]:
    """A map that shows a value of each segment."""
    return values[segments.labels]
