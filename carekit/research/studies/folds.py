"""Cross-validation in which no lesion is on both sides, and every image is tested once."""

from dataclasses import replace

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold

from carekit.data.prepared import Prepared


def thinned(data: Prepared, most: int | None, seed: int = 0) -> Prepared:
    """The data set with at most `most` images of each class, drawn by `seed`; None keeps all."""
    if most is None:
        return data
    # Each image's turn within its class, in random order; the first `most` of each class stay.
    order = np.random.default_rng(seed).permutation(len(data))
    turn = data.samples.iloc[order].groupby("label").cumcount().sort_index().to_numpy()
    return data.take(turn < most)


def folds(data: Prepared, count: int = 5, seed: int = 0) -> list[Prepared]:
    """The data set `count` times, each time with another part of its groups as test images.

    Args:
        data: its own split is not used.
        count: at least 2.
        seed: decides which groups go together.

    Raises:
        ValueError: for a class with fewer groups than folds.
    """
    if count < 2:
        raise ValueError(f"folds = {count} is too small: choose at least 2")
    groups = data.samples.groupby("label")["group"].nunique()
    few = groups.idxmin()
    if groups.min() < count:
        raise ValueError(f"class {data.classes[few]} has {groups.min()} groups, too few for {count} folds")
    splitter = StratifiedGroupKFold(count, shuffle=True, random_state=seed)
    parts = []
    for _, test in splitter.split(np.zeros(len(data)), data.labels, data.samples.group):
        tested = np.isin(np.arange(len(data)), test)
        parts.append(replace(data, samples=data.samples.assign(split=np.where(tested, "test", "train"))))
    return parts
