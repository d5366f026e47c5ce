"""The paper's settings and counts."""

import subprocess
import sys

from carekit import paper


def test_the_counts_are_those_of_section_4():
    assert sum(paper.SKIN_COUNTS.values()) == 10015  # all of the challenge's training images
    assert min(paper.SKIN_COUNTS, key=paper.SKIN_COUNTS.get) == "df" and paper.SKIN_COUNTS["df"] == 115
    assert list(paper.CHEST_COUNTS.values()) == [8851, 6012, 105]
    assert list(paper.SKIN_COUNTS) == list(paper.SKIN_NAMES) and list(paper.CHEST_COUNTS) == list(paper.CHEST_NAMES)


def test_classes_are_listed_from_the_largest_to_the_smallest():
    for counts in (paper.SKIN_COUNTS, paper.CHEST_COUNTS):
        assert list(counts.values()) == sorted(counts.values(), reverse=True)


def test_each_sweep_rises_and_passes_the_default():
    for name, values in paper.SWEEPS.items():
        assert values == sorted(set(values)) and getattr(paper.DEFAULTS, name) in values


def test_only_lam_differs_on_chest_films():
    differing = {
        name for name, value in paper.DEFAULTS._asdict().items() if getattr(paper.CHEST_DEFAULTS, name) != value
    }
    assert differing == {"lam"} and paper.CHEST_DEFAULTS.lam == 0.5


def test_nothing_else_is_needed_to_read_it():
    code = "import sys, carekit.paper; print(sorted({'torch', 'numpy', 'pandas'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"
