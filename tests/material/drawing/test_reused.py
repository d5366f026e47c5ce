"""Images of another set are taken where they are the same, and nowhere else."""

import pytest

from carekit.material.drawing import CHEST, SKIN, Recipe
from carekit.material.drawing.reused import Reused

CHANGES = {
    "nothing": {},
    "fewer": {"counts": 3},
    "without the mark": {"shortcut": 0.0},
    "marks everywhere": {"elsewhere": 0.9},
    "other boxes": {"jitter": 0.1},
    "another seed": {"seed": 1},
    "other labels": {"label_noise": 0.5},
}


def recipe(kind, counts=5, **knobs):
    usual = {"size": 32, "jitter": 0.05, "test_counts": dict.fromkeys(kind.classes, 4)}
    return Recipe(kind, counts=dict.fromkeys(kind.classes, counts), **usual | knobs)


@pytest.mark.parametrize("kind", [SKIN, CHEST], ids=["skin", "chest"])
@pytest.mark.parametrize("change", CHANGES)
def test_the_set_is_the_same_to_the_last_bit(kind, change, tmp_path, monkeypatch):
    earlier, new = recipe(kind), recipe(kind, **CHANGES[change])
    earlier.save(tmp_path / "earlier", workers=1)
    expected = new.save(tmp_path / "expected", workers=1)
    drawn, draw = [], Recipe.__call__
    monkeypatch.setattr(Recipe, "__call__", lambda self, planned: drawn.append(planned) or draw(self, planned))
    found = new.save(tmp_path / "found", workers=1, draw=Reused(new, earlier, tmp_path / "earlier"))
    assert found.fingerprint() == expected.fingerprint()
    assert found.samples.equals(expected.samples) and found.boxes.equals(expected.boxes)
    if change in ("nothing", "other labels"):
        assert drawn == []
    if change == "without the mark":
        assert 0 < len(drawn) <= 5  # the rare class's training images
    if change in ("other boxes", "another seed"):
        assert len(drawn) == len(new.plan())
