"""Class activation maps: where a class gets its score from."""

from carekit.course.explorers.cam.view import explore_cam

__all__ = ["explore_cam"]
