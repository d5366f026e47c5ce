"""What a source holds, listed before any pixel is read: each publisher's layout makes such a list."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple

import pandas as pd

from carekit.ground.messages import about_row
from carekit.material.intake.sources import Source


@dataclass
class Listing:
    """What a source holds.

    Args:
        table: a row for each image, sorted by image_id: image_id (unique), diagnosis (its class), group (lesion or
            patient), image and mask (files; "" for none) and, where the publisher has drawn the parts, split.
        classes: short name -> name, in the order of the labels.
        facts: name, title, licence, citation and source.
        boxes: image_id, x0, y0, x1, y1, the width and height of the picture that they were drawn in (NaN: the image's
            file as it is) and category ("" where it has none), or None where masks give them.
        rare: the classes to attend to, by default the one with the fewest images.
        ungrouped: what is missing where images of one lesion or patient cannot be recognised, or nothing.
        alone: whether the source names neither lesions nor patients, so that each image is a group of its own.
    """

    table: pd.DataFrame
    classes: Mapping[str, str]
    facts: dict[str, Any]
    boxes: pd.DataFrame | None = None
    rare: list[str] = field(default_factory=list)
    ungrouped: str = ""
    alone: bool = False

    def __post_init__(self) -> None:
        self.table = self.table.sort_values("image_id", ignore_index=True)
        if not self.rare and self.classes:
            counts = self.table.diagnosis.value_counts()
            self.rare = [min(self.classes, key=lambda name: counts.get(name, 0))]


class Faults:
    """What is done about a fault in a source: this one stops at the first, in one sentence.

    Args:
        leave_out: whether what lacks its other half (a row its image, an image its row, a box its image) is left out
            instead, and listed.
    """

    def __init__(self, leave_out: bool = False):
        self.leave_out = leave_out
        self.notes: list[str] = []
        self.left_out: list[tuple[str, str]] = []  # what, and why

    def refuse(self, sentence: str) -> None:
        raise ValueError(sentence)

    def note(self, sentence: str) -> None:
        """Something to know that is no fault."""
        self.notes.append(sentence)

    def miss(self, sentence: str, names: Sequence[str], why: str) -> None:
        """Refuse because these lack their other half, unless such are left out."""
        if not self.leave_out:
            self.refuse(sentence)
            return
        self.left_out += [(name, why) for name in names]
        self.note(f"{and_more(names)} left out: {why}")

    def drop(self, table: pd.DataFrame, bad: pd.Series, sentence: str) -> pd.DataFrame:
        """The rows that are not bad, if work continues after a fault; "{0.image_id}" is the first bad row's."""
        if bad.any():
            self.refuse(about_row(sentence, table[bad].iloc[0]) + besides_first(int(bad.sum())))
        return table[~bad]


class Layout(NamedTuple):
    """A publisher's arrangement of files.

    Args:
        name: as in the command line.
        splits: how the parts may be drawn, the usual way first: see `splits.RULES`.
        read: read(files, faults, **options) lists the source.
        fits: whether a source has this layout.
        expects: what a source of this layout holds, for people.
        whole: the options of `read` that leave nothing out.
        fixes: whether a split that comes with the source is kept though nobody asks for it.
    """

    name: str
    splits: tuple[str, ...]
    read: Callable[..., Listing]
    fits: Callable[[Source], bool]
    expects: str
    whole: Mapping[str, Any] = MappingProxyType({})
    fixes: bool = False


def besides_first(count: int) -> str:
    """How many there are besides the first, in brackets; nothing if there is only one."""
    return f" (and {count - 1} more)" if count > 1 else ""


def and_more(names: Iterable[str], what: str = "image(s)") -> str:
    """How many there are, and the names of the first."""
    names = list(names)
    return f"{len(names)} {what} ({', '.join(names[:3])}{', ...' if len(names) > 3 else ''})"
