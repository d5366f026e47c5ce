"""The ablation study: every setting beside what it attends to."""

from carekit.course.explorers.ablation.numbers import setting_maps
from carekit.course.explorers.ablation.view import explore_ablation

__all__ = ["explore_ablation", "setting_maps"]
