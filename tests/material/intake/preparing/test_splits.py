import numpy as np
import pytest

from carekit.material.intake.preparing.splits import split_by_group, split_by_image


def _lesions(sizes, seed=0):
    """Labels and groups: sizes[c] lesions of class c, each with one to four images, in mixed order."""
    rng = np.random.default_rng(seed)
    pairs = [(c, f"{c}-{g}") for c, n in sizes.items() for g in range(n) for _ in range(rng.integers(1, 5))]
    order = rng.permutation(len(pairs))
    return np.array([pairs[i][0] for i in order]), np.array([pairs[i][1] for i in order])


@pytest.mark.parametrize("seed", range(5))
def test_no_group_is_divided_and_each_class_has_its_share(seed):
    labels, groups = _lesions({"nv": 300, "mel": 80, "df": 12}, seed)
    split = split_by_group(labels, groups, seed=seed)
    assert not set(groups[split == "train"]) & set(groups[split == "test"])
    for name in ("nv", "mel", "df"):
        of = labels == name
        assert abs((split[of] == "test").sum() - 0.2 * of.sum()) <= 2


@pytest.mark.parametrize("share", [0.01, 0.2, 0.5, 0.99])
def test_a_class_of_two_groups_is_in_both_parts(share):
    labels, groups = _lesions({"nv": 100, "df": 2, "vasc": 2})
    split = split_by_group(labels, groups, share)
    for name in set(labels):
        assert set(split[labels == name]) == {"train", "test"}


def test_same_seed_same_split_whatever_the_order():
    labels, groups = _lesions({"nv": 60, "df": 10})
    split = split_by_group(labels, groups, seed=3)
    assert (split == split_by_group(labels, groups, seed=3)).all()
    assert (split != split_by_group(labels, groups, seed=4)).any()
    assert (split[::-1] == split_by_group(labels[::-1], groups[::-1], seed=3)).all()


def test_a_class_in_one_group_is_named():
    labels, groups = _lesions({"nv": 10, "df": 1})
    with pytest.raises(ValueError, match="class 'df' has images in the train part only"):
        split_by_group(labels, groups)


def test_groups_of_several_classes_stay_whole():
    groups = np.repeat(np.arange(50), 3)
    labels = np.tile([0, 0, 1], 50)
    split = split_by_group(labels, groups)
    assert not set(groups[split == "train"]) & set(groups[split == "test"])
    assert (split == "test").sum() == 30


def test_by_image_each_class_has_its_share_to_the_image():
    labels = np.repeat(["nv", "mel", "df"], [500, 83, 7])
    split = split_by_image(labels, seed=1)
    test = {name: int((split[labels == name] == "test").sum()) for name in ("nv", "mel", "df")}
    assert test == {"nv": 100, "mel": 17, "df": 1}


def test_by_image_a_class_of_one_is_named():
    with pytest.raises(ValueError, match="class 'df'"):
        split_by_image(["nv"] * 9 + ["df"])


@pytest.mark.parametrize("share", [0, 1, -0.1, float("nan")])
def test_a_share_out_of_range_is_told(share):
    with pytest.raises(ValueError, match="test_share"):
        split_by_image([0, 0, 1, 1], share)
