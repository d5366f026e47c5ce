"""Sparse reconstruction error: what a few segments of the background leave unexplained of a segment."""

from typing import NamedTuple

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


class _Path(NamedTuple):
    """Where the homotopy stands for each of n signals; up to `a` templates are active, -1 fills the rest up."""

    weights: Float[np.ndarray, "n m"]
    correlations: Float[np.ndarray, "n m"]
    active: Int[np.ndarray, "n a"]


def lasso(
    signals: Float[np.ndarray, "n d"], templates: Float[np.ndarray, "m d"], penalty: float, steps: int
) -> Float[np.ndarray, "n m"]:
    """argmin_w |x - w T|² / 2 + penalty |w|_1 for each row x of `signals`, T the templates, all rows at once.

    Least angle regression with the lasso's modification (Efron et al. 2004): from the largest penalty down, each step
    lets one template in or out; at most `steps` steps. scikit-learn's `lars_path` does the same for one signal.
    """
    gram = templates @ templates.T  # (m, m)
    correlations = signals @ templates.T  # (n, m)
    active = np.full((len(signals), steps), -1)
    active[:, 0] = np.abs(correlations).argmax(1)
    path = _Path(np.zeros_like(correlations), correlations, active)
    running = np.abs(correlations).max(1) > penalty  # (n)
    for _ in range(steps):
        if not running.any():
            break
        part, level = _step(_Path(*(each[running] for each in path)), gram, penalty)
        for whole, new in zip(path, part, strict=True):
            whole[running] = new
        running[running] = level > penalty * (1 + 1e-9)
    return path.weights


def _step(path: _Path, gram: Float[np.ndarray, "m m"], penalty: float) -> tuple[_Path, Float[np.ndarray, " n"]]:
    """One step of each path, and how correlated the active templates are after it."""
    used = path.active >= 0  # (n, a)
    rows = np.arange(len(path.active))[:, None]
    chosen = np.where(used, path.active, 0)
    here = path.correlations[rows, chosen]  # (n, a)
    level = np.abs(here).max(1, where=used, initial=0)  # (n)
    direction = _direction(gram, chosen, used, np.sign(here))  # (n, a)
    change = np.einsum("na,nam->nm", direction, gram[chosen])  # (n, m): how fast correlations fall
    entering = _entering(path, change, level, chosen, used)  # (n, m)
    leaving = _leaving(path.weights[rows, chosen], direction, used)  # (n, a)
    length = np.minimum(np.minimum(entering.min(1), leaving.min(1)), level - penalty)  # (n)
    weights = path.weights.copy()
    np.add.at(weights, (rows, chosen), length[:, None] * direction)
    moved = path.correlations - length[:, None] * change
    active = _exchange(path.active, entering, leaving, length)
    gone = used & (leaving == length[:, None])
    weights[np.nonzero(gone)[0], chosen[gone]] = 0  # exactly, not up to rounding
    return _Path(weights, moved, active), level - length


def _direction(
    gram: Float[np.ndarray, "m m"],
    chosen: Int[np.ndarray, "n a"],
    used: Bool[np.ndarray, "n a"],
    signs: Float[np.ndarray, "n a"],
) -> Float[np.ndarray, "n a"]:
    """The change of the active weights that lowers all active correlations alike: G_AA w = signs."""
    both = used[:, :, None] & used[:, None, :]  # (n, a, a)
    small = np.where(both, gram[chosen[:, :, None], chosen[:, None, :]], 0)
    small = small + np.eye(used.shape[1]) * np.where(used, RIDGE, 1)[:, :, None]  # unused places become 1 w = 0
    return np.linalg.solve(small, np.where(used, signs, 0)[:, :, None])[:, :, 0]


def _entering(
    path: _Path,
    change: Float[np.ndarray, "n m"],
    level: Float[np.ndarray, " n"],
    chosen: Int[np.ndarray, "n a"],
    used: Bool[np.ndarray, "n a"],
) -> Float[np.ndarray, "n m"]:
    """How far until each other template is as correlated as the active ones, with either sign."""
    lengths = np.full_like(change, np.inf)
    for sign in (1, -1):
        slower = 1 - sign * change
        ahead = level[:, None] - sign * path.correlations
        with np.errstate(divide="ignore", invalid="ignore"):
            found = ahead / slower
        # Just above zero: a template that has just left would come back at once.
        lengths = np.minimum(lengths, np.where((slower > 1e-12) & (found > 1e-12), found, np.inf))
    rows, places = np.nonzero(used)
    lengths[rows, chosen[rows, places]] = np.inf
    return lengths


def _leaving(
    weights: Float[np.ndarray, "n a"], direction: Float[np.ndarray, "n a"], used: Bool[np.ndarray, "n a"]
) -> Float[np.ndarray, "n a"]:
    """How far until each active weight changes its sign."""
    with np.errstate(divide="ignore", invalid="ignore"):
        lengths = -weights / direction
    return np.where(used & (lengths > 1e-15), lengths, np.inf)


def _exchange(
    active: Int[np.ndarray, "n a"],
    entering: Float[np.ndarray, "n m"],
    leaving: Float[np.ndarray, "n a"],
    length: Float[np.ndarray, " n"],
) -> Int[np.ndarray, "n a"]:
    """The active templates after a step: one has left or one has come, none where the penalty was reached."""
    active = np.where(leaving == length[:, None], -1, active)
    order = np.argsort(active < 0, axis=1, kind="stable")
    active = np.take_along_axis(active, order, axis=1)
    comes = entering.min(1) == length
    free = (active >= 0).sum(1)
    comes &= free < active.shape[1]
    active[comes, free[comes]] = entering[comes].argmin(1)
    return active
