"""Images made from a seed, to learn with where no data set is at hand."""

from functools import partial

from carekit.data.synthetic.scene import Kind, Scene
from carekit.data.synthetic.sets import Recipe, draw, scaled_counts
from carekit.data.synthetic.skin import SKIN, render_skin

# By the names that the lessons' parameter `data` takes.
KINDS = {"synthetic": SKIN} | {kind.name: kind for kind in (SKIN,)}
skin = partial(draw, SKIN)

__all__ = ["KINDS", "SKIN", "Kind", "Recipe", "Scene", "draw", "render_skin", "scaled_counts", "skin"]
