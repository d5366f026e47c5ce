"""Images made from a seed, to learn with where no data set is at hand."""

from carekit.data.synthetic.skin import CLASSES, render_skin, scaled_counts, skin

__all__ = ["CLASSES", "render_skin", "scaled_counts", "skin"]
