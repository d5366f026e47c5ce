"""Images made from a seed, to learn with where no data set is at hand."""

from typing import Any

from carekit.data.prepared import Prepared
from carekit.material.drawing.chest import CHEST, render_chest
from carekit.material.drawing.scene import Kind, Scene
from carekit.material.drawing.sets import Recipe, draw, scaled_counts
from carekit.material.drawing.skin import SKIN, render_skin

# By the names that the lessons' parameter `data` takes.
KINDS = {"synthetic": SKIN} | {kind.name: kind for kind in (SKIN, CHEST)}


def skin(*arguments: Any, **knobs: Any) -> Prepared:
    """Dermoscopic images of seven classes, in memory: skin(seed, size, counts, ...) with the knobs of `Recipe`."""
    return draw(SKIN, *arguments, **knobs)


def chest(*arguments: Any, **knobs: Any) -> Prepared:
    """Chest films of three classes, in memory: chest(seed, size, counts, ...) with the knobs of `Recipe`."""
    return draw(CHEST, *arguments, **knobs)


__all__ = [
    "CHEST",
    "KINDS",
    "SKIN",
    "Kind",
    "Recipe",
    "Scene",
    "chest",
    "draw",
    "render_chest",
    "render_skin",
    "scaled_counts",
    "skin",
]
