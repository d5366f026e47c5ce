"""Drawn data sets, kept among the runs: each is drawn once, by the first lesson that asks for it."""

import sys
from contextlib import redirect_stderr
from dataclasses import fields
from pathlib import Path
from typing import Any

from filelock import FileLock

from carekit.data.prepared import Prepared
from carekit.ground import workspace
from carekit.material.drawing import Recipe
from carekit.material.drawing.reused import Reused

MANY = 1000  # images from which on a second process is worth its start


def load_drawn(recipe: Recipe, like: Recipe | None = None) -> Prepared:
    """The data set of a recipe, drawn or found again.

    Args:
        recipe: what to draw.
        like: another recipe, whose set may be drawn already: images that are the same are taken from it.

    Raises:
        ValueError: as `Recipe`.
        OSError: if it cannot be written.
    """
    folder = _folder(recipe)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_name(f".{folder.name}.lock")):  # another lesson may draw the same
        if not folder.exists():
            options: dict[str, Any] = {}
            if sum(sum(part.values()) for part in recipe.parts.values()) < MANY:
                options["workers"] = 1
            if like and _folder(like).exists():
                options["draw"] = Reused(recipe, like, _folder(like))
            with redirect_stderr(sys.stdout):  # a notebook shows what goes to stderr as a fault
                recipe.save(folder, **options)
    return Prepared.open(folder)


def _folder(recipe: Recipe) -> Path:
    settings = {field.name: getattr(recipe, field.name) for field in fields(recipe)} | {"kind": recipe.kind.name}
    return workspace.runs() / "drawn" / workspace.key("carekit.material.drawing", **settings)
