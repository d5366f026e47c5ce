"""DSR: saliency by dense and sparse reconstruction (Li, Lu, Zhang, Ruan and Yang, ICCV 2013).

What the border of an image cannot explain is salient. A lesion that touches the border is among the templates of the
background, and so it is missed in part or whole; and the method knows nothing of films, such as chest X-rays.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, UInt8
from threadpoolctl import threadpool_limits

from carekit.material.autobox.dsr.bayes import combine
from carekit.material.autobox.dsr.dense import dense_error
from carekit.material.autobox.dsr.pixels import scale_weights, to_pixels, towards_object
from carekit.material.autobox.dsr.propagation import clusters, propagate
from carekit.material.autobox.dsr.segments import SCALES, Segments, pixel_features, segment
from carekit.material.autobox.dsr.sparse import sparse_error

NO_CONTRAST = 8  # of 255; in a fainter image only the places of the segments would differ


class Errors(NamedTuple):
    """One kind of error on its way: of the segments of each scale, spread among them, at pixels, about the object.

    centred is pixels where the step towards the object is left out.
    """

    raw: list[Float[np.ndarray, " _"]]
    spread: list[Float[np.ndarray, " _"]]
    pixels: Float[np.ndarray, "h w"]
    centred: Float[np.ndarray, "h w"]


class Stages(NamedTuple):
    """All that DSR computes on its way from an image to a saliency map in [0, 1]."""

    scales: list[Segments]
    dense: Errors
    sparse: Errors
    saliency: Float[np.ndarray, "h w"]


def stages(image: UInt8[np.ndarray, "h w 3"], gaussian: bool = True) -> Stages:
    """Every stage of DSR for one image; the same image, the same bits.

    Args:
        image: without a frame (`carekit.material.autobox.frame`).
        gaussian: take the step towards the object, as the method's authors do.
    """
    # More threads would add in another order, and a sum's last bits depend on it.
    with threadpool_limits(1):
        features = pixel_features(image)
        scales = [segment(image, features, count, compactness) for count, compactness in SCALES]
        groups = [clusters(scale.features) for scale in scales]
        weights = scale_weights(features, scales)
        errors = []
        for error in (dense_error, sparse_error):
            raw = [error(scale.features, scale.background) for scale in scales]
            # Segments that look alike share their errors, scale by scale.
            spread = [
                propagate(values, scale.features, group)
                for values, scale, group in zip(raw, scales, groups, strict=True)
            ]
            pixels = to_pixels(spread, scales, weights)
            centred = towards_object(pixels) if gaussian else pixels
            errors.append(Errors(raw, spread, pixels, centred))
    dense, sparse = errors
    return Stages(scales, dense, sparse, combine(dense.centred, sparse.centred))


def dsr(image: UInt8[np.ndarray, "h w 3"], gaussian: bool = True) -> Float[np.ndarray, "h w"]:
    """The saliency map of an image, in [0, 1]; zeros if nothing is salient, as in an image of one colour.

    Args: as `stages`.
    """
    if np.ptp(image, axis=(0, 1)).max() < NO_CONTRAST:
        return np.zeros(image.shape[:2])
    return stages(image, gaussian).saliency
