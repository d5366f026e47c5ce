"""An exercise as the three cells of a notebook: the task with its folds, the stub with its check, the solution."""

from carekit.course.exercises.exercise import Choice, Exercise

LEVELS = {"warm-up": "a warm-up", "exercise": "an exercise", "bonus": "a bonus"}


def cells(exercise: Exercise | Choice) -> list[tuple[str, str, str, list[str]]]:
    """(id, kind, source, tags) of each of its three cells."""
    first = exercise.cell or f"exercise-{exercise.name.replace('_', '-')}"
    last = "solution" if exercise.cell else f"solution-{exercise.name.replace('_', '-')}"
    text, code, solution = _choice(exercise) if isinstance(exercise, Choice) else _function(exercise)
    return [
        (f"{first}-text", "markdown", text, []),
        (first, "code", code, ["exercise"]),
        (last, "markdown", _fold("Solution", f"```python\n{solution.strip()}\n```"), ["solution"]),
    ]


def _head(exercise: Exercise | Choice) -> str:
    minutes = f"{exercise.minutes} minute{'s' * (exercise.minutes > 1)}"
    return f"### Exercise: {exercise.title}\n\n*{LEVELS[exercise.level].capitalize()}, {minutes}.* {exercise.task}"


def _function(exercise: Exercise) -> tuple[str, str, str]:
    slips = "\n".join(f"- {slip.hint}" for slip in exercise.slips)
    folds = [
        f"**What you should get.** {exercise.expected}",
        _fold("Hint 1", exercise.hints[0]),
        _fold("Hint 2", exercise.hints[1]),
        _fold("Common slips", slips),
    ]
    code = f'{exercise.stub.strip()}\n\n\nexercises.check("{exercise.name}", {exercise.function})'
    return "\n\n".join([_head(exercise), *folds]), code, exercise.solution


def _choice(exercise: Choice) -> tuple[str, str, str]:
    choices = "\n".join(f"- **{letter}** {says}" for letter, (says, _) in exercise.choices.items())
    code = f'{exercise.variable} = ""\n\nexercises.check("{exercise.name}", {exercise.variable})'
    return f"{_head(exercise)}\n\n{choices}", code, f'{exercise.variable} = "{exercise.right}"'


def _fold(summary: str, text: str) -> str:
    return f"<details><summary>{summary}</summary>\n\n{text}\n\n</details>"
