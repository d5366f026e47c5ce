"""Ink under the learner's brush: what a mark alone makes a model say."""

from carekit.course.explorers.ink.view import explore_ink

__all__ = ["explore_ink"]
