"""Each exercise: its solution passes, its stub is not yet, and each planted slip is named, and no other one."""

import itertools

import numpy as np
import pytest
import torch

from carekit.course import exercises
from carekit.course.exercises import EXERCISES, Choice, Exercise
from carekit.course.exercises.checking import EMPTY
from carekit.course.exercises.exercise import Slip, compiled

FUNCTIONS = [each for each in EXERCISES.values() if isinstance(each, Exercise)]
CHOICES = [each for each in EXERCISES.values() if isinstance(each, Choice)]
SLIPS = [(exercise, slip) for exercise in FUNCTIONS for slip in exercise.slips]


def named(each):
    return each.name if hasattr(each, "name") else each.hint[:30]


def of(name):
    return EXERCISES.named(name)


def test_there_are_five_or_more_a_lesson():
    for lesson, group in itertools.groupby(EXERCISES.values(), lambda each: each.lesson):
        assert len(list(group)) >= (5 if lesson else 1), lesson


@pytest.mark.parametrize("exercise", FUNCTIONS, ids=named)
def test_the_solution_is_right_and_says_what_follows(exercise):
    verdict = exercises.check(exercise.name, exercise.reference())
    assert verdict, verdict
    assert repr(verdict) == f"Right. {exercise.so_what}" and len(exercise.so_what) > 40


@pytest.mark.parametrize("exercise", FUNCTIONS, ids=named)
def test_the_stub_is_not_yet_kindly_and_the_lesson_goes_on_with_the_solution(exercise, capsys):
    stub = compiled(exercise.stub, exercise.function)
    verdict = exercises.check(exercise.name, stub)
    assert not verdict and repr(verdict) == EMPTY
    used = exercises.yours(exercise.name, stub)
    assert "the solution, until yours is right" in capsys.readouterr().out and exercises.check(exercise.name, used)


@pytest.mark.parametrize(("exercise", "slip"), SLIPS, ids=named)
def test_each_slip_is_named_and_no_other(exercise, slip):
    verdict = exercises.check(exercise.name, compiled(exercise.wrong(slip), exercise.function))
    assert not verdict and repr(verdict) == f"Not quite. {slip.hint}"


@pytest.mark.parametrize("exercise", FUNCTIONS, ids=named)
def test_a_constant_never_passes_and_there_are_enough_slips(exercise):
    values = [exercise.truth(*make()) for make in exercise.cases.values()]
    for value in values[:1]:
        assert not exercises.check(exercise.name, lambda *_, value=value: value)
    assert len({slip.hint for slip in exercise.slips}) == len(exercise.slips) >= 4


@pytest.mark.parametrize("exercise", CHOICES, ids=named)
def test_each_choice_is_explained(exercise):
    assert len(exercise.choices) >= 5 and repr(exercises.check(exercise.name, "")).startswith("Not yet")
    for letter, (_, why) in exercise.choices.items():
        verdict = exercises.check(exercise.name, f" {letter.upper()})")
        assert bool(verdict) == (letter == exercise.right) and why in repr(verdict)
    assert "none of a, b" in repr(exercises.check(exercise.name, "z"))


@pytest.mark.parametrize("exercise", CHOICES, ids=named)
def test_the_right_choice_is_not_the_longest(exercise):
    lengths = {letter: len(says) for letter, (says, _) in exercise.choices.items()}
    assert max(lengths, key=lengths.get) != exercise.right


def prints(labels, predicted):
    print(0.5)


def forgets_to_return(labels, predicted):
    labels.mean()


def on_a_graph(labels, predicted):
    return torch.tensor(0.25, requires_grad=True) * 2


def for_ever(labels, predicted):
    while True:
        try:
            labels = labels + 0
        except Exception:
            pass


def changes(labels, predicted):
    labels[:] = 0
    return 0.5


def leaves(labels, predicted):
    raise SystemExit("bye")


def wrong_type(labels, predicted):
    return {"mca": 1}


def wrong_shape(labels, predicted):
    return np.array([0.1, 0.2])


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (prints, "a print gives nothing back: end it with `return`"),
        (forgets_to_return, "returns None: end it with `return`"),
        (on_a_graph, "It should be the mean of the recalls"),
        (changes, "changes its argument number 1: work on a copy"),
        (leaves, "stopped with SystemExit: bye"),
        (wrong_type, "returns a dict: return numbers"),
        (wrong_shape, r"has the shape (2,), it should be ()"),
        (lambda labels, predicted: "0.5", "returns a str: return numbers"),
        (lambda labels, predicted: float("nan"), "and yours is nan"),
        (lambda: 1, "stopped with TypeError"),
        (0.5, "Give the function itself, without brackets: my_mca"),
    ],
)
def test_odd_answers_get_a_sentence(answer, words, capsys):
    verdict = exercises.check("mca", answer)
    assert not verdict and words in repr(verdict)
    assert ("0.5" in capsys.readouterr().out) == (answer is prints)  # what is printed is passed on


def test_an_endless_loop_is_stopped(monkeypatch):
    from dataclasses import replace

    monkeypatch.setitem(EXERCISES, "mca", replace(of("mca"), seconds=0.2))
    verdict = exercises.check("mca", for_ever)
    assert not verdict and "stopped after 0.2 seconds" in repr(verdict)


def test_right_in_some_cases_only_is_no_accident_that_passes():
    def lucky(F, M_in, tau):
        return -tau

    assert "Right in 3 of 7 cases" in repr(exercises.check("inner_loss", lucky))


def test_two_slips_that_give_the_same_are_both_said(monkeypatch):
    """B9: an answer must never get a wrong diagnosis, only because two mistakes have the same values."""
    from dataclasses import replace

    exercise = of("score_of_map")
    twin = Slip("F.sum()", "F.sum() / F.size", "You divide by the number of positions.")
    monkeypatch.setitem(EXERCISES, "score_of_map", replace(exercise, slips=(*exercise.slips, twin)))
    text = repr(exercises.check("score_of_map", lambda F, bias: F.mean() + bias))
    assert "one of two things" in text and "That is the mean" in text and twin.hint in text


def test_the_difference_is_a_picture_with_a_text():
    def swapped(box, size):
        return of("masks").reference()(box, size)[::-1]

    html = exercises.check("masks", swapped)._repr_html_()
    assert "swapped" in html and "data:image/png;base64," in html and "of 72 places differ" in html
    assert "<img" not in exercises.check("masks", of("masks").reference())._repr_html_()


def test_what_the_care_step_needs_is_said():
    assert "single number" in repr(exercises.check("care_step", lambda logits, *_: logits))
    assert "hangs on no graph" in repr(exercises.check("care_step", lambda logits, *_: logits.sum().detach()))


def test_a_misspelt_exercise_and_a_slip_that_does_not_stand_there_are_errors():
    with pytest.raises(ValueError, match="did you mean 'mca'"):
        exercises.check("mcaa", len)
    with pytest.raises(ValueError, match="is a question"):
        exercises.yours("noise", len)
    from dataclasses import replace

    with pytest.raises(ValueError, match="'no such line' does not stand in the solution"):
        replace(of("mca"), slips=(Slip("no such line", "", "hint"),))
