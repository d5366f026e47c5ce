"""Training and test parts, stratified by class: by lesion or patient, or by image as in the paper."""

from typing import Any

import numpy as np
import pandas as pd

from carekit.material.intake.layouts.layout import Listing

RULES = {
    "lesion": "by lesion, stratified by class, 80/20: no lesion has images in both parts",
    "patient": "by patient, stratified by class, 80/20: no patient has images in both parts",
    "group": "by group, stratified by class, 80/20: no group has images in both parts",
    "image": "by image, stratified by class, 80/20, as the paper: images of one group may be in both parts",
    "fixed": "as the source has fixed it",
}
ALONE = (
    "by image, stratified by class, 80/20: the source names no lesions or patients, so each image counts as a group of "
    "its own, and images of one patient may be in both parts"
)


def check_rule(listing: Listing, rule: str) -> None:
    """Raise ValueError where a source cannot be split by this one of the RULES."""
    table = listing.table
    if rule in ("lesion", "patient", "group") and listing.ungrouped:
        raise ValueError(f"{listing.ungrouped}: without it, choose --split image or another that needs no groups")
    if rule != "fixed":
        return
    if "split" not in table:
        raise ValueError("split = 'fixed' needs a split that comes with the source, and this one has none")
    parts = table.groupby("group").split.nunique()
    if (parts > 1).any():
        both = parts.index[parts > 1][0]
        raise ValueError(f"group {both!r} has images in both parts of the source's split: give it to one part")
    for part in ("train", "test"):
        absent = set(listing.classes) - set(table.diagnosis[table.split == part])
        if absent:
            raise ValueError(f"class {min(absent)!r} has no {part} image in the source's split: choose another split")


def rule_in_words(listing: Listing, rule: str) -> str:
    """What a split by one of the RULES promises for this source."""
    return ALONE if listing.alone and rule not in ("image", "fixed") else RULES[rule]


def draw_split(table: pd.DataFrame, rule: str, seed: int) -> np.ndarray:
    """The part of each image of a listing's table, (n,), by one of the RULES."""
    if rule == "fixed":
        return table.split.to_numpy()
    if rule == "image":
        return split_by_image(table.diagnosis, seed=seed)
    return split_by_group(table.diagnosis, table.group, seed=seed)


def split_by_group(labels: Any, groups: Any, test_share: float = 0.2, seed: int = 0) -> np.ndarray:
    """Give "train" or "test" to each image, (n,): whole groups, in each class about `test_share` of the images.

    Every class is in both parts, which scikit-learn's StratifiedGroupKFold does not promise for a class of few
    groups. A group of several classes is drawn with its rarest.

    Raises:
        ValueError: naming a class in one group only.
    """
    if not 0 < test_share < 1:
        raise ValueError(f"test_share = {test_share} is out of range: choose a share above 0 and below 1")
    table = pd.DataFrame({"label": labels, "group": groups})
    table["many"] = table.label.map(table.label.value_counts())
    rarest = table.sort_values(["many", "label"], kind="stable").groupby("group")["label"].first()
    sizes = table.group.value_counts()[rarest.index]
    rng = np.random.default_rng(seed)
    test = set()
    for label in sorted(rarest.unique()):
        test |= _draw(sizes[rarest == label], test_share, rng)
    split = np.where(table.group.isin(test), "test", "train")
    for label, parts in pd.Series(split).groupby(table.label):
        if parts.nunique() < 2:
            raise ValueError(
                f"class {str(label)!r} has images in the {parts.iloc[0]} part only: it needs two or more groups "
                "(lesions, patients or images), so add some or leave the class out"
            )
    return split


def split_by_image(labels: Any, test_share: float = 0.2, seed: int = 0) -> np.ndarray:
    """Give "train" or "test" to each image, (n,), stratified by class as in the paper (section 4.1).

    Images of one lesion may be in both parts, which flatters the result. Raises ValueError naming a class of one.
    """
    return split_by_group(labels, np.arange(len(labels)), test_share, seed)


def _draw(sizes: pd.Series, share: float, rng: np.random.Generator) -> set:
    """Groups in random order as long as they fit into the share, but at least one and never all."""
    target = share * sizes.sum()
    held = 0
    chosen: list[Any] = []
    for group in rng.permutation(np.sort(sizes.index.to_numpy())):
        # Up to half an image above the target is as near to it as half an image below.
        if held + sizes[group] <= target + 0.5 and len(chosen) < len(sizes) - 1:
            chosen.append(group)
            held += sizes[group]
    if not chosen and len(sizes) > 1:
        chosen = [sizes.sort_index().idxmin()]
    return set(chosen)
