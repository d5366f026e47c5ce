"""What `--grid` says."""

import pytest

from carekit.research.batch.grid import combinations, parse_grid, size


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("tau=0.2,0.4,1", [0.2, 0.4, 1]),
        ("seed=0..4", [0, 1, 2, 3, 4]),
        ("seed=-1..1", [-1, 0, 1]),
        ("seed=0..2,7", [0, 1, 2, 7]),
        ("seed=3..3", [3]),
        ("data=synthetic,synthetic-chest", ["synthetic", "synthetic-chest"]),
        ("data=../data/set", ["../data/set"]),
        ("sizes=[1, 2],[3]", [[1, 2], [3]]),
        ("flag=True,False", [True, False]),
        ("mark='',ink", ["", "ink"]),
        (" tau = 0.5 ", [0.5]),
    ],
)
def test_values(text, values):
    (found,) = parse_grid([text]).values()
    assert list(found) == values


def test_values_of_a_text_are_texts():
    grid = parse_grid(["name=1,2.5,'3',0..2"], {"name"})
    assert grid == {"name": ["1", "2.5", "3", "0..2"]}
    assert parse_grid(["names=['a'],['b', 'c']"], {"names"}) == {"names": [["a"], ["b", "c"]]}


def test_combinations_the_last_parameter_fastest():
    grid = parse_grid(["tau=0.2,0.5", "seed=0..2"])
    found = list(combinations(grid))
    assert size(grid) == len(found) == 6
    assert [(each["tau"], each["seed"]) for each in found] == [(t, s) for t in (0.2, 0.5) for s in range(3)]


def test_a_huge_range_is_not_written_out():
    assert size(parse_grid(["seed=0..999999", "other=0..999999"])) == 10**12


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        ([], "a grid of nothing"),
        (["tau="], "'tau=' has no values"),
        (["tau"], "'tau' has no values"),
        (["tau=0.2,"], None),
        (["tau=0.2,,0.4"], "empty value"),
        (["tau=0.2", "tau=0.5"], "has 'tau' twice"),
        (["tau=0.2,0.5,0.2"], "tau has 0.2 twice"),
        (["tau=1,1.0"], "tau has 1.0 twice"),
        (["seed=0..2,1"], "seed has 1 twice"),
        (["seed=4..0"], "seed=4..0 runs backwards: write 0..4"),
        (["tau=0.1..0.5"], "whole numbers only"),
        (["seed=0..1000000"], "more than 1,000,000 values"),
    ],
)
def test_bad_grids_are_one_sentence(texts, words):
    if words is None:  # Python's own way to end a list
        assert parse_grid(texts) == {"tau": [0.2]}
        return
    with pytest.raises(ValueError, match=words.replace(".", r"\.")):
        parse_grid(texts)
