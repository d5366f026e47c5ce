"""Fewer images than a source has, chosen by seed."""

import numpy as np
import pandas as pd

from carekit.material.intake.layouts.layout import Listing

FLOOR = 5  # of each class, however small the limit


def draw_subset(listing: Listing, limit: int | None, max_per_class: int | None, seed: int) -> pd.DataFrame:
    """Rows drawn by seed: at most max_per_class of a class, then `limit` in all, in proportion but FLOOR of each.

    Raises:
        ValueError: where classes are missing, or the limit is too small for all.
    """
    table, classes = listing.table, len(listing.classes)
    _check_classes(listing)
    if limit is not None and limit < 2 * classes:
        raise ValueError(f"limit = {limit} is too small: choose at least {2 * classes}, two images of each class")
    shuffled = table.iloc[np.random.default_rng(seed).permutation(len(table))]
    # A second image of a lesion comes after the first ones of all, so that a small draw has many lesions.
    again = shuffled.groupby("group").cumcount()
    shuffled = shuffled.iloc[np.argsort(again.to_numpy(), kind="stable")]
    # Each image's number within its class: 0 is the first to be taken.
    turn = shuffled.groupby("diagnosis").cumcount()
    chosen = shuffled[turn < (max_per_class or len(table))]
    turn = turn[chosen.index]
    # That number as a share of its class takes from all classes in proportion; the first few go before all others.
    place = turn / chosen.groupby("diagnosis").diagnosis.transform("size")
    place = place.where(turn >= min(FLOOR, (limit or len(table)) // classes), -1)
    first = np.argsort(place.to_numpy(), kind="stable")[:limit]
    return chosen.iloc[first].sort_index().reset_index(drop=True)


def _check_classes(listing: Listing) -> None:
    if len(listing.classes) < 2:
        raise ValueError(f"all images are of class {next(iter(listing.classes), '')!r}: there must be two or more")
    absent = [name for name in listing.classes if name not in set(listing.table.diagnosis)]
    if absent:
        raise ValueError(f"there is no image of class {absent[0]!r}: add some, or leave the class out")
