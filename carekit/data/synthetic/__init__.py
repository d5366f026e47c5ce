"""Images made from a seed, to learn with where no data set is at hand."""

from functools import partial

from carekit.data.synthetic.chest import CHEST, render_chest
from carekit.data.synthetic.scene import Kind, Scene
from carekit.data.synthetic.sets import Recipe, draw, scaled_counts
from carekit.data.synthetic.skin import SKIN, render_skin

# By the names that the lessons' parameter `data` takes.
KINDS = {"synthetic": SKIN} | {kind.name: kind for kind in (SKIN, CHEST)}
skin, chest = partial(draw, SKIN), partial(draw, CHEST)

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
