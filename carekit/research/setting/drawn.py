"""Drawn data sets, kept among the runs: each is drawn once, by the first lesson that asks for it."""

import sys
from contextlib import redirect_stderr
from dataclasses import fields
from pathlib import Path

from filelock import FileLock

from carekit.data.prepared import Prepared
from carekit.ground import workspace
from carekit.material.drawing import Recipe
from carekit.material.drawing.reused import Reused

MANY = 1000  # images from which on a second process is worth its start


def load_drawn(recipe: Recipe, like: Recipe | None = None) -> Prepared:
    """The data set of a recipe, drawn anew or found again.

    Args:
        recipe: what to draw.
        like: another one, whose set may lie there already: images that are the same are taken from it.

    Raises:
        ValueError: as `Recipe`.
        OSError: where it cannot be written.
    """
    folder, other = _folder(recipe), like and _folder(like)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_name(f".{folder.name}.lock")):  # another lesson may draw the same
        if not folder.exists():
            few = sum(sum(part.values()) for part in recipe.parts.values()) < MANY
            with redirect_stderr(sys.stdout):  # a notebook shows what goes to the other as a fault
                draw = Reused(recipe, like, other) if like and other and other.exists() else None
                recipe.save(folder, workers=1 if few else None, draw=draw)
    return Prepared.open(folder)


def _folder(recipe: Recipe) -> Path:
    settings = {field.name: getattr(recipe, field.name) for field in fields(recipe)} | {"kind": recipe.kind.name}
    return workspace.runs() / "drawn" / workspace.key("carekit.material.drawing", **settings)
