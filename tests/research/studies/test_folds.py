"""Every image is tested once, and no group stands on both sides."""

from dataclasses import replace

import numpy as np
import pytest

from carekit.research.studies.folds import folds, thinned


@pytest.fixture
def grouped(tiny):
    """Two images of each group and of one class."""
    samples = tiny.samples.sort_values("label", kind="stable")
    groups = {name: f"lesion{place // 2}" for place, name in enumerate(samples.image_id)}
    return replace(tiny, samples=tiny.samples.assign(group=tiny.samples.image_id.map(groups)))


def test_every_image_is_tested_once_and_groups_stay_together(grouped):
    parts = folds(grouped, 4)
    tested = np.concatenate([part.split("test").samples.image_id for part in parts])
    assert sorted(tested) == sorted(grouped.samples.image_id)
    for part in parts:
        sides = part.samples.groupby("group").split.nunique()
        assert (sides == 1).all()
        assert set(part.split("test").labels) == {0, 1}


def test_folds_follow_their_seed(grouped):
    first, again, other = (folds(grouped, 4, seed)[0].samples.split.tolist() for seed in (0, 0, 1))
    assert first == again != other


def test_too_few_groups_are_named(grouped):
    with pytest.raises(ValueError, match="class rare has 4 groups, too few for 5 folds"):
        folds(grouped, 5)
    with pytest.raises(ValueError, match="folds = 1 is too small"):
        folds(grouped, 1)


def test_thinning_keeps_what_is_rare(tiny):
    assert thinned(tiny, 8).counts() == {"common": 8, "rare": 8}
    assert thinned(tiny, None) is tiny
    kept = [thinned(tiny, 5, seed).samples.image_id.tolist() for seed in (0, 0, 1)]
    assert kept[0] == kept[1] != kept[2]
