"""What is left out of a prepared data set, and what is to be said of what is in it."""

from collections import Counter
from collections.abc import Sequence
from functools import partial

import pandas as pd

from carekit.data.filling import CHUNK, Result
from carekit.data.prepared.schema import CORNERS
from carekit.ground.parallel import in_chunks
from carekit.material.intake.layouts.layout import Faults, Listing, and_more
from carekit.material.intake.layouts.tables import FRAME
from carekit.material.intake.preparing.frames import SCALED, TURNED
from carekit.material.intake.preparing.from_files import FromFiles, Item

LEFT_OUT = "left_out.csv"  # in the folder of a prepared data set: what, and why
WORDS = {
    SCALED: "were drawn in a picture of another size and are scaled to the image's",
    TURNED: "were drawn in the picture before it was turned upright, and are turned with it",
    "clipped": "reach beyond the image and are clipped: are they in this image's pixels?",
    "unclear": "belong to pictures with an EXIF turn whose sides do not show it: read as of the upright picture",
    "tiny": "are narrower than 2 pixels: are they in this image's pixels?",
}


def items_of(table: pd.DataFrame, boxes: pd.DataFrame | None) -> list[Item]:
    """What is to be drawn for each row of a listing's table, its boxes in the order of theirs."""
    of_image: dict[str, list] = {}
    if boxes is not None:
        framed = boxes.reindex(columns=["image_id", *CORNERS, *FRAME])  # NaN where there is no frame
        for name, *numbers in framed.itertuples(index=False):
            of_image.setdefault(name, []).append(tuple(numbers))
    rows = zip(table.image_id, table.image, table["mask"], strict=True)
    return [Item(name, image, mask, tuple(of_image.get(name, ()))) for name, image, mask in rows]


def leave_out_damaged(listing: Listing, draw: FromFiles, workers: int | None, faults: Faults) -> None:
    """Take the images that cannot be drawn out of a listing; each is read once more for that."""
    items = items_of(listing.table, listing.boxes)
    found: dict[str, str] = {}
    for _, wrong in in_chunks(partial(_undrawable, draw), items, range(0, len(items), CHUNK), CHUNK, workers):
        found |= wrong
    if found:
        faults.left_out += sorted(found.items())
        faults.note(f"{and_more(sorted(found))} left out: damaged, such as: {found[min(found)]}")
        listing.table = listing.table[~listing.table.image_id.isin(found)].reset_index(drop=True)


def _undrawable(draw: FromFiles, _start: int, items: Sequence[Item]) -> dict[str, str]:
    found = {}
    for item in items:
        try:
            draw(item)
        except (ValueError, OSError) as error:
            found[item.image_id] = str(error)
    return found


def notes_of(results: Sequence[Result]) -> list[str]:
    """A sentence for each thing that had to be done to boxes, and for masks that seem to be inverted."""
    counts = Counter({what: sum(result.about.get(what, 0) for result in results) for what in (*WORDS, "edged")})
    notes = [f"{counts[what]} box(es) {words}" for what, words in WORDS.items() if counts[what]]
    if counts["edged"]:
        notes.append(f"{counts['edged']} mask(s) are white all around the edge: are they black on white?")
    return notes
