"""Read the exercises of a lesson: the texts from `lesson_05.md`, the functions from `lesson_05.py` next to it.

A heading `## NAME: TITLE` begins an exercise. Below it are a line with the name that the learner defines, the level and
the minutes, then the task, then sections: "Choices" and "So what" for a question with choices; "Expected", "Hint 1",
"Hint 2", "Rule", "Slips" and "So what" for a function. A slip is a fence of lines that are taken out of the solution
(-) and put into it (+), and its hint below; without (-) lines it replaces all below the first line.
"""

import re
from importlib import import_module
from pathlib import Path

from carekit.course.exercises.exercise import Choice, Exercise, Slip, Solution, Task

ABOUT = re.compile(r"`(\w+)`, (warm-up|exercise|bonus), (\d+) minutes?(?:, cell `(.+)`)?")
CHOICE = re.compile(r"^- (\w)( \(right\))?: (.+)\n  - (.+)$", re.M)
SLIP = re.compile(r"^```diff\n((?:[-+].*\n)+)```\n\n(.+)$", re.M)


def exercises_of(path: Path) -> list[Exercise | Choice]:
    """The exercises of a lesson's Markdown file, in their order.

    Raises:
        ValueError: for a part that cannot be read, a heading without its function, or a function without a heading.
    """
    _, *parts = re.split(r"^## ", path.read_text(encoding="utf-8"), flags=re.M)
    solutions = {}
    if path.with_suffix(".py").exists():  # a lesson that only asks questions has no functions
        module = vars(import_module(f"carekit.course.exercises.{path.stem}"))
        solutions = {name: value for name, value in module.items() if isinstance(value, Solution)}
    exercises = []
    for part in parts:
        try:
            exercises.append(_exercise(int(path.stem.removeprefix("lesson_")), part, solutions))
        except KeyError as missing:
            raise ValueError(f"{path.name}: {part.split(':')[0]}: there is no {missing}") from missing
    if solutions:
        raise ValueError(f"{path.name}: no heading asks for {', '.join(solutions)} of {path.stem}.py")
    return exercises


def _exercise(lesson: int, text: str, solutions: dict[str, Solution]) -> Exercise | Choice:
    """One exercise from its text. Its function is taken out of `solutions`."""
    heading, body = text.split("\n", 1)
    name, title = heading.split(": ", 1)
    # The text before the first section, then in turn a section's heading and its text.
    intro, *parts = re.split(r"^### (.+)\n", body, flags=re.M)
    sections = {section: content.strip() for section, content in zip(parts[::2], parts[1::2], strict=True)}
    about, task = intro.strip().split("\n\n", 1)
    match = ABOUT.fullmatch(about)
    if match is None:
        raise ValueError(f"{name}: {about!r} should be like this: `my_answer`, exercise, 5 minutes")
    answer, level, minutes, cell = match.groups(default="")
    common = Task(name, lesson, title, int(minutes), level, cell, task, sections["So what"])
    if "Choices" in sections:
        choices = {letter: (text, why) for letter, _, text, why in CHOICE.findall(sections["Choices"])}
        (right,) = [letter for letter, mark, *_ in CHOICE.findall(sections["Choices"]) if mark]
        return Choice(**vars(common), variable=answer, choices=choices, right=right)
    slips = []
    for fence, hint in SLIP.findall(sections["Slips"]):
        old, new = ("".join(re.findall(rf"^\{sign}(.*\n)", fence, re.M)) for sign in "-+")
        slips.append(Slip(old, new, hint))
    solution = solutions.pop(answer)
    return Exercise(
        **vars(common),
        expected=sections["Expected"],
        hints=(sections["Hint 1"], sections["Hint 2"]),
        rule=sections["Rule"],
        slips=slips,
        answer=solution.function,
        cases=solution.cases,
        truth=solution.truth,
        probe=solution.probe,
        diagnosis=solution.diagnosis,
    )
