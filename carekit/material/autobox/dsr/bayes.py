"""Two saliency maps become one: each is the prior of the other (Li et al. 2013)."""

import numpy as np
from jaxtyping import Float

from carekit.material.autobox.scaling import min_max

BINS = 60


def posterior(prior: Float[np.ndarray, "h w"], other: Float[np.ndarray, "h w"]) -> Float[np.ndarray, "h w"]:
    """p h1 / (p h1 + (1 - p) h0), where p is the prior map and h1, h0 say how frequent a pixel's value of the other
    map is in the prior's foreground and outside it. The foreground is where the prior exceeds its mean."""
    foreground = prior > prior.mean()
    if not foreground.any():
        return np.zeros_like(prior)
    place = np.minimum((other * BINS).astype(int), BINS - 1)  # (h, w)
    inside = np.bincount(place[foreground], minlength=BINS) / foreground.sum()
    outside = np.bincount(place[~foreground], minlength=BINS) / (~foreground).sum()
    above = prior * inside[place]
    both = above + (1 - prior) * outside[place]
    return np.divide(above, both, out=np.zeros_like(prior), where=both > 0)


def combine(one: Float[np.ndarray, "h w"], other: Float[np.ndarray, "h w"]) -> Float[np.ndarray, "h w"]:
    """The mean of both posteriors, scaled to [0, 1]."""
    return min_max((posterior(one, other) + posterior(other, one)) / 2)
