"""A small part of what `kills.py` does hundreds of times; the counts of a whole run stand in SECURITY.md."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import kills  # noqa: E402

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")


@pytest.mark.parametrize(("kind", "trials"), [("prepare", 2), ("pairs", 12), ("annotators", 8), ("damage", 40)])
def test_nothing_is_lost_left_or_silently_used(kind, trials, monkeypatch, tmp_path):
    monkeypatch.setenv("CAREKIT_RUNS", str(tmp_path))
    counts = kills.KINDS[kind](trials)
    assert not kills.faults(counts)
    assert (counts["kills"] if kind == "prepare" else counts["trials"]) == trials


def test_a_fault_is_one_whatever_else_was_counted():
    assert kills.faults(kills.Counter(trials=9, same=8, other=1, kills=9, **{"of group": 3})) == {"other": 1}
    assert not kills.faults(kills.Counter(trials=9, same=9, other=0, both=2, told=3))
