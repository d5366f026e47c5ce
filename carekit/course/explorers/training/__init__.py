"""The second stage as it runs, with CARE and without."""

from carekit.course.explorers.training.view import explore_training

__all__ = ["explore_training"]
