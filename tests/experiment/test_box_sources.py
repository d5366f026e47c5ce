import numpy as np
import pytest

from carekit.data.batches import boxed_rows
from carekit.experiment.box_sources import BOX_SOURCES, Jittered, Outside, Random, Scaled, Shuffled, Truth
from carekit.method import boxes


def stacked(found):
    return np.concatenate(list(found.values()))


def sides(found):
    return stacked(found)[:, 2:] - stacked(found)[:, :2]


def test_the_truth_is_the_data_sets_own(tiny):
    rows = boxed_rows(tiny)
    assert len(rows) == 8
    found = Truth()(tiny, rows)
    assert all(np.array_equal(found[i], tiny.boxes_of(i)) for i in rows)
    np.testing.assert_array_equal(stacked(Scaled(1.0)(tiny, rows)), stacked(found))


def test_scaled_boxes_keep_their_centre(tiny):
    rows = boxed_rows(tiny)
    np.testing.assert_allclose(sides(Scaled(0.5)(tiny, rows)), sides(Truth()(tiny, rows)) / 2)


def test_jittered_sides_move_by_no_more_than_the_amount_of_a_box(tiny):
    rows = boxed_rows(tiny)
    moved = stacked(Jittered(0.2, seed=1)(tiny, rows)) - stacked(Truth()(tiny, rows))
    assert 0 < np.abs(moved).max() <= 0.2 * 6
    assert np.abs(moved).max(1).min() > 0  # each box has moved


def test_shuffled_boxes_are_all_there_and_none_is_its_own(tiny):
    rows = boxed_rows(tiny)
    found, true = Shuffled(seed=3)(tiny, rows), Truth()(tiny, rows)
    assert sorted(map(tuple, stacked(found))) == sorted(map(tuple, stacked(true)))
    owners = {i: [j for j in rows if np.array_equal(found[i], true[j])] for i in rows}
    assert all(i not in owner or len(owner) > 1 for i, owner in owners.items())


def test_random_boxes_have_the_true_size_and_lie_in_the_image(tiny):
    rows = boxed_rows(tiny)
    found = Random(seed=2)(tiny, rows)
    np.testing.assert_allclose(sides(found), sides(Truth()(tiny, rows)))
    assert all(np.array_equal(boxes.check(each, (16, 16)), each) for each in found.values())
    assert not np.allclose(stacked(found), stacked(Truth()(tiny, rows)))


def test_boxes_outside_have_the_true_size_and_share_as_little_as_can_be_with_the_lesion(tiny):
    rows = boxed_rows(tiny)
    placed, true = Outside(seed=2)(tiny, rows), Truth()(tiny, rows)
    np.testing.assert_allclose(sides(placed), sides(true))
    for i in rows:
        lesion = boxes.rasterise(true[i], (16, 16))
        everywhere = [lesion[y : y + 6, x : x + 6].sum() for y in range(11) for x in range(11)]
        x, y = placed[i][0, :2].astype(int)
        assert lesion[y : y + 6, x : x + 6].sum() == min(everywhere)
        assert np.array_equal(boxes.check(placed[i], (16, 16)), placed[i])


def test_a_box_outside_a_lesion_that_fills_the_image_takes_the_place_that_shares_least(tiny):
    lesion = np.array([[0.0, 0.0, 10.0, 16.0]])
    placed = Outside()._placed(lesion, 16, np.random.default_rng(0))
    np.testing.assert_array_equal(placed, [[6, 0, 16, 16]])  # 4 columns are shared, the least of all places
    whole = np.array([[0.0, 0.0, 16.0, 16.0]])
    np.testing.assert_array_equal(Outside()._placed(whole, 16, np.random.default_rng(0)), whole)


@pytest.mark.parametrize("kind", [Jittered, Shuffled, Random, Outside])
def test_a_seed_gives_the_same_boxes(tiny, kind):
    rows = boxed_rows(tiny)
    first, same, other = (stacked(kind(seed=seed)(tiny, rows)) for seed in (0, 0, 1))
    assert np.array_equal(first, same) and not np.array_equal(first, other)


def test_unknown_names_and_values_out_of_range_are_refused():
    with pytest.raises(ValueError, match="boxes = 'shuffle' is unknown: did you mean 'shuffled'"):
        BOX_SOURCES.named("shuffle")
    with pytest.raises(ValueError, match="amount = 0.5"):
        Jittered(0.5)
    with pytest.raises(ValueError, match="box_scale = 0"):
        Scaled(0)
