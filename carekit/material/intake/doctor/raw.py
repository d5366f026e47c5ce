"""A folder or an archive in a publisher's layout, looked over; every image is read."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import pandas as pd
from tqdm import tqdm

from carekit.data.filling import CHUNK, Box
from carekit.data.prepared.schema import CORNERS, check_names
from carekit.ground.parallel import in_chunks
from carekit.material.intake.doctor.boxes import check_boxes
from carekit.material.intake.doctor.pictures import Pictures, look_at, small, strips
from carekit.material.intake.doctor.report import Report
from carekit.material.intake.doctor.tables import check_counts, check_groups, check_licence, check_parts
from carekit.material.intake.layouts import LAYOUTS, recognise, told
from carekit.material.intake.layouts.layout import Faults, Listing, and_more, besides_first
from carekit.material.intake.layouts.tables import FRAME
from carekit.material.intake.preparing.frames import in_pixels
from carekit.material.intake.preparing.from_files import lesion_box
from carekit.material.intake.sources import Source, open_source
from carekit.material.intake.sources.decoding import TURN
from carekit.material.intake.sources.lesions import is_inverted


class Look(NamedTuple):
    """What reading one image gives: a fault, or its size, fingerprint and EXIF turn, and the box of its mask.

    blank: whether it is of one colour. cells: see `pictures.small`. inverted: whether its mask is black on white.
    """

    fault: str
    size: tuple[int, int] = (0, 0)
    fingerprint: str = ""
    turn: int = 1
    blank: bool = False
    cells: bytes = b""
    box: Box | None = None
    inverted: bool = False


class NoteAll(Faults):
    """Notes every fault; work continues without the rows that have it."""

    def __init__(self, report: Report):
        super().__init__()
        self.report = report

    def refuse(self, sentence: str) -> None:
        self.report.add("error", "tables", sentence)

    def note(self, sentence: str) -> None:
        self.report.add("note", "tables", sentence)


def examine_raw(report: Report, path: Path, workers: int | None) -> None:
    """Add what is to be said of a source. Raises ValueError or OSError where it cannot be read at all."""
    with open_source(path) as files, TemporaryDirectory() as scratch:
        layout = recognise(files)
        if layout is None:
            known = "; ".join(f"{each.name}: {each.expects}" for each in LAYOUTS)
            words = f"{path} is no prepared data set and in none of the known layouts"
            raise ValueError(f"{words}; {told(files)} (known are {known})")
        report.kind = layout.name
        with files.ready(Path(scratch)) as ready:
            listing = layout.read(ready, NoteAll(report), **layout.whole)
            report.account = listing.facts.get("account", [])
            _check_table(report, listing)
            looks = _look_at_all(ready, listing, workers)
    _check_looks(report, listing, looks)
    check_licence(report, listing.facts["licence"])


def _check_table(report: Report, listing: Listing) -> None:
    table = listing.table
    classes = list(listing.classes)
    try:
        check_names(*classes)
    except ValueError as error:
        report.add("error", "classes", str(error))
    check_counts(report, table.diagnosis, classes, listing.rare)
    if "split" in table:
        check_parts(report, table.diagnosis, table.split, classes)
        check_groups(report, table, "error", "give each group to one part")
    groups = table.groupby("diagnosis").group.nunique()
    single = [name for name in classes if groups.get(name) == 1]
    if single and "split" not in table:
        text = f"class {single[0]!r} has images of one lesion or patient: add others, as one part would lack it"
        report.add("error", "classes", text)
    if listing.alone:
        text = "the source names no lesions or patients: images of one patient may come into both parts"
        report.add("warning", "groups", text)
    if listing.ungrouped:
        report.add("warning", "groups", f"{listing.ungrouped}: a split by lesion cannot be drawn")


def _look_at_all(source: Source, listing: Listing, workers: int | None) -> list[Look]:
    items = list(zip(listing.table.image, listing.table["mask"], strict=True))
    starts = range(0, len(items), CHUNK)
    found: dict[int, list[Look]] = {}
    with tqdm(total=len(items), unit="image", desc="looking") as bar:
        for start, looks in in_chunks(partial(_look_at, source), items, starts, CHUNK, workers):
            found[start] = looks
            bar.update(len(looks))
    return [look for start in starts for look in found[start]]


def _look_at(source: Source, _start: int, items: Sequence[tuple[str, str]]) -> list[Look]:
    return [look(source, image, mask) for image, mask in items]


def look(source: Source, image_name: str, mask_name: str) -> Look:
    """What reading one image, and its mask if it has one, gives."""
    box, inverted = None, False
    try:
        image = source.image(image_name)
        if mask_name:
            mask = source.mask(mask_name, image.size)
            inverted = is_inverted(mask)
            box = lesion_box(mask, 1)
    except (ValueError, OSError) as error:
        return Look(str(error))
    if box is not None:
        width, height = image.size
        box = (box[0] * width, box[1] * height, box[2] * width, box[3] * height)
    same, blank = look_at(strips(image))
    return Look("", image.size, same, image.info.get(TURN, 1), blank, small(image), box, inverted)


def _check_looks(report: Report, listing: Listing, looks: list[Look]) -> None:
    table = listing.table
    pictures = Pictures(table.image_id, table.diagnosis, table.get("split"))
    for i, look in enumerate(looks):
        if look.fault:
            report.add("error", "images", look.fault)
        else:
            pictures.add(i, look.fingerprint, look.blank, look.cells)
    pictures.report(report)
    # What can be said of boxes is said of the images that can be read.
    table = table.iloc[[i for i, look in enumerate(looks) if not look.fault]]
    looks = [look for look in looks if not look.fault]
    empty = [
        name for name, mask, look in zip(table.image_id, table["mask"], looks, strict=True) if mask and not look.box
    ]
    if empty:
        report.add("warning", "boxes", f"the masks of {and_more(empty)} show no lesion: all their values are 0")
    inverted = [name for name, look in zip(table.image_id, looks, strict=True) if look.inverted]
    if inverted:
        words = "are white all around the edge: are they black on white?"
        report.add("warning", "boxes", f"the masks of {and_more(inverted)} {words}")
    boxes = listing.boxes
    if boxes is not None:
        boxes = _in_pixels(report, boxes, dict(zip(table.image_id, looks, strict=True)))
    else:
        rows = [(name, *look.box) for name, look in zip(table.image_id, looks, strict=True) if look.box]
        boxes = pd.DataFrame(rows, columns=["image_id", *CORNERS])
    sizes = pd.DataFrame([look.size for look in looks], columns=["w", "h"], index=table.image_id)
    check_boxes(report, boxes[boxes.image_id.isin(sizes.index)], sizes, table.diagnosis, listing.rare)


def _in_pixels(report: Report, boxes: pd.DataFrame, looks: dict[str, Look]) -> pd.DataFrame:
    """The boxes of these images in their pixels; one that cannot be placed is told, and left out."""
    rows, faults = [], []
    framed = boxes[boxes.image_id.isin(looks)].reindex(columns=["image_id", *CORNERS, *FRAME])
    for name, *numbers in framed.itertuples(index=False):
        try:
            box, _ = in_pixels(tuple(numbers), looks[name].size, looks[name].turn, name)
            rows.append((name, *box))
        except ValueError as error:
            faults.append(str(error))
    if faults:
        report.add("error", "boxes", faults[0] + besides_first(len(faults)))
    return pd.DataFrame(rows, columns=["image_id", *CORNERS])
