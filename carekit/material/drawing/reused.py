"""Draw a data set, copying the images that it shares with an existing one."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from carekit.data.filling import Drawn
from carekit.data.prepared import Prepared
from carekit.material.drawing.sets import Planned, Recipe


@dataclass(frozen=True)
class Reused:
    """Draws what a recipe draws, to the last bit.

    Args:
        recipe: of the new set.
        earlier: of the existing one.
        folder: of the existing one.
    """

    recipe: Recipe
    earlier: Recipe
    folder: Path

    def __call__(self, planned: Planned) -> Drawn:
        """One image of the new recipe's plan."""
        row = self.earlier_rows.get((planned.split, planned.number, planned.drawn))
        if row is None or self.recipe.draws(planned) != self.earlier.draws(planned):
            return self.recipe(planned)
        image, mask = self._data.read([row])[0], self._data.read_masks([row])[0]
        boxes = [tuple(box) for box in self._data.boxes_of(row).tolist()]
        artefacts = [name for name in self.earlier_artefacts[row].split(";") if name]
        return Drawn(image, mask, boxes, {"artefacts": artefacts})

    @cached_property
    def _data(self) -> Prepared:
        return Prepared.open(self.folder)

    @cached_property
    def earlier_artefacts(self) -> list[str]:
        """Of each image of the existing set, the artefacts that it shows, with semicolons between them."""
        return self._data.samples.artefacts.fillna("").tolist()  # an empty cell is read as NaN

    @cached_property
    def earlier_rows(self) -> dict[tuple[str, int, int], int]:
        """(split, number, class drawn) -> row of the existing set."""
        return {(planned.split, planned.number, planned.drawn): row for row, planned in enumerate(self.earlier.plan())}
