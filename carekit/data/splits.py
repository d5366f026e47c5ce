"""Training and test parts, stratified by class: by lesion or patient, or by image as in the paper."""

import numpy as np
import pandas as pd


def split_by_group(labels, groups, test_share: float = 0.2, seed: int = 0) -> np.ndarray:
    """Give "train" or "test" to each image, (n,): whole groups, in each class about `test_share` of the images.

    Every class is in both parts, which scikit-learn's StratifiedGroupKFold does not promise for a class of few
    groups. A group of several classes is drawn with its rarest. Raises ValueError naming a class in one group only.
    """
    if not 0 < test_share < 1:
        raise ValueError(f"test_share = {test_share} is out of range: choose a share above 0 and below 1")
    table = pd.DataFrame({"label": labels, "group": groups})
    table["many"] = table.label.map(table.label.value_counts())
    rarest = table.sort_values(["many", "label"], kind="stable").groupby("group")["label"].first()
    sizes = table.group.value_counts()[rarest.index]
    rng, test = np.random.default_rng(seed), set()
    for label in sorted(rarest.unique()):
        test |= _draw(sizes[rarest == label], test_share, rng)
    split = np.where(table.group.isin(test), "test", "train")
    for label, parts in pd.Series(split).groupby(table.label):
        if parts.nunique() < 2:
            raise ValueError(
                f"class {str(label)!r} comes into the {parts.iloc[0]} part only: it needs two or more groups "
                "(lesions, patients or images), so add some or leave the class out"
            )
    return split


def split_by_image(labels, test_share: float = 0.2, seed: int = 0) -> np.ndarray:
    """Give "train" or "test" to each image, (n,), stratified by class as in the paper (section 4.1).

    Images of one lesion may come into both parts, which flatters the result. Raises ValueError naming a class of one.
    """
    return split_by_group(labels, np.arange(len(labels)), test_share, seed)


def _draw(sizes: pd.Series, share: float, rng: np.random.Generator) -> set:
    """Groups in random order as long as they fit into the share, but at least one and never all."""
    target, held, chosen = share * sizes.sum(), 0, []
    for group in rng.permutation(np.sort(sizes.index.to_numpy())):
        # Up to half an image above the target is as near to it as half an image below.
        if held + sizes[group] <= target + 0.5 and len(chosen) < len(sizes) - 1:
            chosen.append(group)
            held += sizes[group]
    if not chosen and len(sizes) > 1:
        chosen = [sizes.sort_index().idxmin()]
    return set(chosen)
