import pandas as pd
import pytest

from carekit.material.intake.layouts.layout import Listing
from carekit.material.intake.preparing.subset import draw_subset

COUNTS = {"nv": 200, "mel": 40, "df": 8}


def _listing(counts, images_of_a_lesion=1):
    names = [name for name, n in counts.items() for _ in range(n)]
    ids = [f"i{k:03d}" for k in range(len(names))]
    groups = [f"g{k // images_of_a_lesion}" for k in range(len(names))]
    table = pd.DataFrame({"image_id": ids, "diagnosis": names, "group": groups, "image": ids, "mask": ""})
    return Listing(table, dict.fromkeys(counts, ""), {})


def _counts(table):
    return table.diagnosis.value_counts().to_dict()


def test_a_limit_keeps_the_proportions_but_some_of_each():
    kept = draw_subset(_listing(COUNTS), 65, None, 0)
    counts = _counts(kept)
    assert len(kept) == 65 and counts["df"] == 5
    assert counts["nv"] / counts["mel"] == pytest.approx(5, abs=1)


def test_a_cap_is_one_of_each_class_and_nothing_is_kept_twice():
    kept = draw_subset(_listing(COUNTS), None, 10, 0)
    assert _counts(kept) == {"nv": 10, "mel": 10, "df": 8}
    assert kept.image_id.is_unique and kept.image_id.is_monotonic_increasing


def test_first_images_of_lesions_come_first():
    kept = draw_subset(_listing({"nv": 40, "df": 20}, images_of_a_lesion=2), None, 10, 3)
    assert kept.group.is_unique


def test_the_seed_decides():
    first, again, other = (draw_subset(_listing(COUNTS), 30, None, seed) for seed in (1, 1, 2))
    assert first.equals(again) and not first.equals(other)


def test_classes_that_are_missing_and_limits_too_small_are_named():
    with pytest.raises(ValueError, match="all images are of class 'nv'"):
        draw_subset(_listing({"nv": 5}), None, None, 0)
    listing = _listing(COUNTS)
    listing.classes = {**listing.classes, "vasc": ""}
    with pytest.raises(ValueError, match="no image of class 'vasc'"):
        draw_subset(listing, None, None, 0)
    with pytest.raises(ValueError, match="limit = 5 is too small: choose at least 6"):
        draw_subset(_listing(COUNTS), 5, None, 0)
