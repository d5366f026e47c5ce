"""Training and test parts, stratified by class: by lesion or patient, or by image as in the paper."""

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split


def split_by_group(labels, groups, test_share: float = 0.2, seed: int = 0) -> np.ndarray:
    """ "train" or "test" for each image, (n,): whole groups, and in each class about `test_share` of the images.

    Every class is in both parts, which scikit-learn's StratifiedGroupKFold does not promise for a class of few
    groups. A group with several classes goes with its rarest. Raises ValueError naming a class with fewer than two.
    """
    _check_share(test_share)
    table = pd.DataFrame({"label": labels, "group": groups})
    table["many"] = table.label.map(table.label.value_counts())
    rarest = table.sort_values(["many", "label"], kind="stable").groupby("group")["label"].first()
    sizes = table.group.value_counts()[rarest.index]
    rng, test = np.random.default_rng(seed), set()
    for label in sorted(rarest.unique()):
        test |= _draw(sizes[rarest == label], test_share, rng)
    split = np.where(table.group.isin(test), "test", "train")
    for label in sorted(set(table.label)):
        if len(set(split[table.label == label])) < 2:
            raise ValueError(f"class {label!r} has too few groups for a training and a test part: it needs two or more")
    return split


def _draw(sizes: pd.Series, share: float, rng: np.random.Generator) -> set:
    """Groups in random order as long as they fit into the share, but at least one and never all."""
    target, held, chosen = share * sizes.sum(), 0, []
    for group in rng.permutation(np.sort(sizes.index.to_numpy())):
        # Half an image over the target is as near to it as half an image under.
        if held + sizes[group] <= target + 0.5 and len(chosen) < len(sizes) - 1:
            chosen.append(group)
            held += sizes[group]
    if not chosen and len(sizes) > 1:
        chosen = [sizes.sort_index().idxmin()]
    return set(chosen)


def split_by_image(labels, test_share: float = 0.2, seed: int = 0) -> np.ndarray:
    """ "train" or "test" for each image, (n,), stratified by class as in the paper (section 4.1).

    Images of one lesion may come into both parts, which flatters the result. Raises ValueError naming a class with
    fewer than two images.
    """
    _check_share(test_share)
    labels = pd.Series(np.asarray(labels))
    counts = labels.value_counts()
    if counts.min() < 2:
        raise ValueError(f"class {counts.idxmin()!r} has one image only: a training and a test part need two or more")
    _, test = train_test_split(labels.index, test_size=test_share, random_state=seed, stratify=labels)
    split = np.where(labels.index.isin(test), "test", "train")
    for label in sorted(counts.index):
        # Rounding can leave a rare class out of one part.
        rows = np.flatnonzero(labels == label)
        if len(set(split[rows])) < 2:
            split[rows[0]] = "test" if split[rows[0]] == "train" else "train"
    return split


def _check_share(share: float) -> None:
    if not 0 < share < 1:
        raise ValueError(f"test_share = {share} is out of range: choose a share above 0 and below 1")
