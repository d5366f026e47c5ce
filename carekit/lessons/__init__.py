"""What the notebooks stand on: parameters, set-up, figures and checks. Needs the `course` extra."""

from carekit.lessons.setup import Lesson, begin

__all__ = ["Lesson", "begin"]
