"""Drawn data sets, kept among the runs: each is drawn once, by the first lesson that asks for it."""

import sys
from contextlib import redirect_stderr
from dataclasses import fields

from filelock import FileLock

from carekit import workspace
from carekit.data.prepared import Prepared
from carekit.data.synthetic import Recipe

MANY = 1000  # images from which on a second process is worth its start


def load_drawn(recipe: Recipe) -> Prepared:
    """The data set of a recipe, drawn anew or found again.

    Raises:
        ValueError: as `Recipe`.
        OSError: where it cannot be written.
    """
    settings = {field.name: getattr(recipe, field.name) for field in fields(recipe)} | {"kind": recipe.kind.name}
    folder = workspace.runs() / "drawn" / workspace.key("carekit.data.synthetic", **settings)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_name(f".{folder.name}.lock")):  # another lesson may draw the same
        if not folder.exists():
            few = sum(sum(part.values()) for part in recipe.parts.values()) < MANY
            with redirect_stderr(sys.stdout):  # a notebook shows what goes to the other as a fault
                recipe.save(folder, workers=1 if few else None)
    return Prepared.open(folder)
