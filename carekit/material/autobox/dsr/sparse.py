"""Sparse reconstruction error: what a few segments of the background leave unexplained of a segment."""

import numpy as np
from jaxtyping import Bool, Float, Int

from carekit.material.autobox.scaling import min_max

PENALTY = 0.01
STEPS = 8
RIDGE = 1e-10  # keeps the equations of two templates that are alike solvable


def sparse_error(features: Float[np.ndarray, "n d"], background: Bool[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    """The residual of each segment's lasso on the background's segments, all of unit length, scaled to [0, 1]."""
    norms = np.linalg.norm(features, axis=1, keepdims=True)
    signals = features / np.where(norms > 0, norms, 1)  # (n, d)
    templates = signals[background]  # (m, d)
    weights = lasso(signals, templates, PENALTY, STEPS)  # (n, m)
    return min_max(np.linalg.norm(signals - weights @ templates, axis=1))


def lasso(
    signals: Float[np.ndarray, "n d"], templates: Float[np.ndarray, "m d"], penalty: float, steps: int
) -> Float[np.ndarray, "n m"]:
    """argmin_w |x - w T|² / 2 + penalty |w|_1 for each row x of `signals`, T the templates, all rows together.

    Least angle regression with the lasso's modification (Efron et al. 2004): from the largest penalty down, each step
    lets one template in or out; at most `steps` steps. scikit-learn's `lars_path` does the same for one signal.
    """
    gram = templates @ templates.T  # (m, m)
    correlations = signals @ templates.T  # (n, m), of each template with what is left to explain
    weights = np.zeros_like(correlations)
    active = np.full((len(signals), steps), -1)  # the templates that are let in; -1 is a free place
    active[:, 0] = np.abs(correlations).argmax(1)
    running = np.abs(correlations).max(1) > penalty  # (n)
    for _ in range(steps):
        if not running.any():
            break
        path = (weights[running], correlations[running], active[running])
        weights[running], correlations[running], active[running], level = _step(*path, gram, penalty)
        running[running] = level > penalty * (1 + 1e-9)
    return weights


def _step(
    weights: Float[np.ndarray, "n m"],
    correlations: Float[np.ndarray, "n m"],
    active: Int[np.ndarray, "n a"],
    gram: Float[np.ndarray, "m m"],
    penalty: float,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, Float[np.ndarray, " n"]]:
    """One step of each path: weights, correlations, active templates, and how correlated the active ones are now."""
    used = active >= 0  # (n, a)
    rows = np.arange(len(active))[:, None]
    chosen = np.where(used, active, 0)
    here = correlations[rows, chosen]  # (n, a)
    level = np.abs(here).max(1, where=used, initial=0)  # (n)

    # The change of the active weights that lowers all active correlations alike: G_AA w = signs.
    both = used[:, :, None] & used[:, None, :]  # (n, a, a)
    small = np.where(both, gram[chosen[:, :, None], chosen[:, None, :]], 0)
    small = small + np.eye(used.shape[1]) * np.where(used, RIDGE, 1)[:, :, None]  # unused places become 1 w = 0
    signs = np.where(used, np.sign(here), 0)
    direction = np.linalg.solve(small, signs[:, :, None])[:, :, 0]  # (n, a)
    change = np.einsum("na,nam->nm", direction, gram[chosen])  # (n, m): how fast correlations fall

    # How far until an active weight changes its sign, or another template enters, or the penalty is reached.
    with np.errstate(divide="ignore", invalid="ignore"):
        leaving = -weights[rows, chosen] / direction
    leaving = np.where(used & (leaving > 1e-15), leaving, np.inf)  # (n, a)
    entering = _until_entering(correlations, change, level)  # (n, m)
    entering[np.broadcast_to(rows, used.shape)[used], chosen[used]] = np.inf
    length = np.minimum(np.minimum(entering.min(1), leaving.min(1)), level - penalty)  # (n)

    weights = weights.copy()
    np.add.at(weights, (rows, chosen), length[:, None] * direction)
    gone = used & (leaving == length[:, None])
    weights[np.nonzero(gone)[0], chosen[gone]] = 0  # exactly, not up to rounding

    # The active templates close ranks behind one that has left; one that enters takes the first free place.
    active = np.where(leaving == length[:, None], -1, active)
    order = np.argsort(active < 0, axis=1, kind="stable")
    active = np.take_along_axis(active, order, axis=1)
    free = (active >= 0).sum(1)
    enters = (entering.min(1) == length) & (free < active.shape[1])
    active[enters, free[enters]] = entering[enters].argmin(1)
    return weights, correlations - length[:, None] * change, active, level - length


def _until_entering(
    correlations: Float[np.ndarray, "n m"], change: Float[np.ndarray, "n m"], level: Float[np.ndarray, " n"]
) -> Float[np.ndarray, "n m"]:
    """How far until each template is as correlated as the active ones, with either sign."""
    lengths = np.full_like(change, np.inf)
    for sign in (1, -1):
        slower = 1 - sign * change
        with np.errstate(divide="ignore", invalid="ignore"):
            until = (level[:, None] - sign * correlations) / slower
        # Just above zero: a template that has just left would come back at once.
        lengths = np.minimum(lengths, np.where((slower > 1e-12) & (until > 1e-12), until, np.inf))
    return lengths
