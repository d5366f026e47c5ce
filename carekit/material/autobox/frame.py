"""Black corners, vignettes and frames: found and filled in, since they would be the most salient thing of an image."""

import numpy as np
from jaxtyping import Bool, UInt8
from scipy.ndimage import binary_dilation, distance_transform_edt
from skimage.measure import label

DARK = 60  # a frame is black or nearly; skin and lesions are lighter in one colour at least
OUTER = 0.85  # a frame lies outside this radius, where 1 is the middle of a side and 1.41 a corner
SOFT = 0.02  # a frame's soft edge, a share of the image's height
MOST = 0.6  # an image that is darker than this all over has no frame: it is dark


def find_frame(image: UInt8[np.ndarray, "h w 3"]) -> Bool[np.ndarray, "h w"]:
    """The pixels of a dark frame: connected to a corner or to a whole side, far from the middle, with the soft edge."""
    height, width = image.shape[:2]
    dark = image.max(-1) < DARK
    if dark.mean() > MOST:
        return np.zeros((height, width), bool)
    y = (np.arange(height) + 0.5) / height * 2 - 1
    x = (np.arange(width) + 0.5) / width * 2 - 1
    outer = np.hypot(y[:, None], x[None]) > OUTER  # (h, w)
    parts = label(dark & outer, connectivity=2)
    corners = parts[[0, 0, -1, -1], [0, -1, 0, -1]]
    frame = np.isin(parts, corners[corners > 0])
    if not frame.any():
        return frame
    return binary_dilation(frame, iterations=max(1, round(SOFT * height)))


def fill_frame(image: UInt8[np.ndarray, "h w 3"], frame: Bool[np.ndarray, "h w"]) -> UInt8[np.ndarray, "h w 3"]:
    """The image with each pixel of the frame in the colour of the nearest pixel that is not."""
    if not frame.any() or frame.all():
        return image
    nearest = distance_transform_edt(frame, return_distances=False, return_indices=True)  # (2, h, w)
    return image[tuple(nearest)]
