"""The data that a lesson makes of its own: balanced, skewed, without the mark, and marked."""

from pathlib import Path

import nbformat
import numpy as np
import pytest

from carekit import compare
from carekit.research.setting import open_setting
from carekit.research.setting.drawn import load_drawn
from carekit.research.setting.ink_runs import ink_test, marked_pair

ROOT = Path(__file__).parents[3]


@pytest.fixture
def lesson():
    return open_setting({"profile": "fast", "seeds": 1})


@pytest.fixture
def prepared(lesson, tmp_path):
    """The lesson's data as a prepared set of one's own, with no misleading mark."""
    lesson.without_mark().data.save(tmp_path / "own")
    return {"profile": "fast", "seeds": 1, "data": str(tmp_path / "own")}


def balanced_in_lesson_1(lesson):
    """The set that the cell "balance" of lesson 1 makes."""
    (notebook,) = (ROOT / "notebooks").glob("01_*.ipynb")
    (cell,) = [cell for cell in nbformat.read(notebook, 4).cells if cell.id == "balance"]
    names = {"lesson": lesson, "np": np, "load_drawn": load_drawn, "seed": 0}
    exec(cell.source, names)
    return names["balanced"]


def test_a_drawn_set_is_drawn_once(lesson, monkeypatch):
    first = load_drawn(lesson.recipe())
    monkeypatch.setattr(type(lesson.recipe()), "save", None)  # would fail if called
    assert load_drawn(lesson.recipe()).fingerprint() == first.fingerprint() == lesson.data.fingerprint()
    with pytest.raises(TypeError):
        load_drawn(lesson.recipe(shortcut=0.5))


def test_balanced_data_have_the_same_test_images(lesson):
    balanced = balanced_in_lesson_1(lesson)
    counts = balanced.split("train").counts()
    assert len(set(counts.values())) == 1 and abs(sum(counts.values()) - len(lesson.train)) < 7
    clean = lesson.without_mark().test
    np.testing.assert_array_equal(balanced.split("test").read(range(20)), clean.read(range(20)))


def test_balanced_data_of_ones_own_are_thinned(prepared):
    lesson = open_setting(prepared)
    balanced = balanced_in_lesson_1(lesson)
    fewest = min(lesson.train.counts().values())
    assert set(balanced.split("train").counts().values()) == {fewest}
    assert balanced.split("test").counts() == lesson.test.counts()


def test_a_skewed_test_set_has_the_proportions_of_training(lesson):
    train, skewed = lesson.train.counts(), lesson.test.take(lesson.skewed_rows()).counts()
    largest = max(train, key=train.get)
    assert skewed[largest] == 30
    for name, n in train.items():
        assert skewed[name] == max(1, round(30 * n / train[largest]))


def test_the_marked_images_are_the_same_scenes(lesson):
    pair = marked_pair(lesson)
    change = np.abs(pair.marked.read(range(20)).astype(int) - pair.clean.read(range(20))).max((1, 2, 3))
    assert (change > 0).all() and pair.clean.counts() == dict.fromkeys(pair.clean.classes, 30)
    assert not any("ink" in shown for shown in pair.clean.samples.artefacts)
    assert all("ink" in shown for shown in pair.marked.samples.artefacts)


def test_a_mark_can_be_planted_on_images_of_ones_own(prepared):
    plain, marked = open_setting(prepared), open_setting(prepared | {"mark": "ruler", "shortcut": 0.9})
    changed = (plain.data.read(range(len(plain.data))) != marked.data.read(range(len(plain.data)))).any((1, 2, 3))
    rare = (marked.data.labels == marked.data.classes.index("df")) & (marked.data.samples.split == "train").to_numpy()
    assert changed[rare].mean() > 0.7 and changed[~rare].mean() < 0.1
    assert marked.misled and not plain.misled and marked.without_mark().data.fingerprint() != marked.data.fingerprint()
    pair = marked_pair(marked)
    assert (pair.marked.read([0]) != pair.clean.read([0])).any()


def test_the_ink_test_has_a_row_a_run_in_whole_counts(lesson):
    runs = compare(lesson.data, lesson.profile, {"CARE": lesson.arm}, lesson.seeds, progress=False)
    table = ink_test(lesson, runs)
    assert table.arm.tolist() == ["pretrained", "CARE"] and (table.others == 180).all()
    assert (table.others_turned <= table.others_called_rare_marked).all()
