"""The numbers of the ablation explorer: maps of each setting, and the ranges of colours and axes."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from carekit import experiment
from carekit.data.prepared import Prepared
from carekit.experiment.evaluation import predict
from carekit.experiment.profiles import Profile

MOST = 12  # images that are sent to the browser


def setting_maps(
    runs: Sequence[experiment.Run], data: Prepared, profile: Profile, rows: np.ndarray
) -> Float[np.ndarray, "settings images u v"]:
    """The true class's maps, in [0, 1], of images `rows` of `data` by each arm's run of its first seed.

    Arms come in the order of `runs`, which is that of `experiment.summary`'s rows. Only the first 12 images are used.
    """
    first: dict[str, experiment.Run] = {}
    for run in runs:
        if run.arm not in first or run.seed < first[run.arm].seed:
            first[run.arm] = run
    images = data.take(np.asarray(rows)[:MOST])
    models = (experiment.load_model(run, data, profile) for run in first.values())
    return np.stack([predict(model.to(profile.device), images).maps for model in models])


def colour_range(means: Float[np.ndarray, " n"], halves: Float[np.ndarray, " n"]) -> tuple[float, float]:
    """What the darkest and the brightest cell of a column stand for.

    They are at least two typical half-widths apart, so that noise alone does not get the whole range of colours.
    """
    known = means[np.isfinite(means)]
    if not known.size:
        return 0.0, 1.0
    widths = halves[np.isfinite(halves)]
    typical = float(np.median(widths)) if widths.size else 0.0
    middle, half = (known.min() + known.max()) / 2, max((known.max() - known.min()) / 2, typical, 1e-6)
    return float(middle - half), float(middle + half)


def axis_range(means: Float[np.ndarray, " n"], halves: Float[np.ndarray, " n"]) -> tuple[float, float]:
    """The tenths around all intervals of a metric, cut to [0, 1]."""
    ends = np.stack([means - np.nan_to_num(halves), means + np.nan_to_num(halves)])[:, np.isfinite(means)]
    if not ends.size:
        return 0.0, 1.0
    # A thousandth of a thousandth, so that a mean of exactly .3 begins no tenth of its own.
    low = np.clip(np.floor(10 * ends.min() + 1e-6) / 10, 0, 0.9)
    return float(low), float(np.clip(np.ceil(10 * ends.max() - 1e-6) / 10, low + 0.1, 1))
