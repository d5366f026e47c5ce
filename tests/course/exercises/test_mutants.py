"""A sample of small changes of each solution is refused; all of them: `python tests/course/exercises/mutants.py`."""

import importlib.util
import random
from pathlib import Path

import pytest

from carekit.course.exercises import EXERCISES, Exercise

FUNCTIONS = [exercise for exercise in EXERCISES.values() if isinstance(exercise, Exercise)]
SAMPLE = 12


def load():
    spec = importlib.util.spec_from_file_location("mutants", Path(__file__).with_name("mutants.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


MUTANTS = load()


@pytest.mark.parametrize("exercise", FUNCTIONS, ids=lambda exercise: exercise.name)
def test_small_changes_of_a_solution_are_refused(exercise):
    sources = MUTANTS.mutants(exercise)
    assert len(sources) >= 12  # the shortest solution is one sum
    sample = random.Random(exercise.name).sample(sources, min(SAMPLE, len(sources)))
    assert MUTANTS.survivors(exercise, sample) == []


def test_a_case_that_separates_too_little_is_found():
    """Without the case of an empty M_out, the line that asks for it is not needed."""
    from dataclasses import replace

    exercise = EXERCISES.named("outer_loss")
    weak = replace(exercise, cases={name: make for name, make in exercise.cases.items() if "empty" not in name})
    assert MUTANTS.survivors(exercise, MUTANTS.mutants(exercise)) == []
    assert any("if False" in source for source in MUTANTS.survivors(weak, MUTANTS.mutants(weak)))
