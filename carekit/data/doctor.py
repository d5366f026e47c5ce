"""Look a data set over, raw or prepared, and say what is wrong and what to do, one line each."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
import pandas as pd
from tqdm import tqdm

from carekit.data import pixels
from carekit.data.checks import CORNERS
from carekit.data.decoding import read_image, read_mask
from carekit.data.layouts import LAYOUTS, recognise
from carekit.data.listing import Faults, Listing, some
from carekit.data.parallel import in_chunks
from carekit.data.prepared import BLOCK, FACTS, Prepared
from carekit.data.sources import Npz, open_source

TINY = 2.0  # pixels: a box as narrow as this is lost at the map's resolution
FULL = 0.98  # of the image: a box as large as this leaves no outside
FEW = 5  # test images: below, one image decides more than 20 points of a class's recall


class Finding(NamedTuple):
    """level: "error", "warning" or "note"; about: what kind of finding; text: what it is and what to do, one line."""

    level: str
    about: str
    text: str


@dataclass
class Report:
    """What was found. kind: "prepared", the name of a layout, or "unknown"."""

    path: str
    kind: str = "unknown"
    counts: dict[str, int] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def add(self, level: str, about: str, text: str) -> None:
        self.findings.append(Finding(level, about, " ".join(text.split())))

    @property
    def healthy(self) -> bool:
        """Whether there is no error; warnings are for people to weigh."""
        return not any(finding.level == "error" for finding in self.findings)

    def as_dict(self) -> dict:
        """For JSON."""
        findings = [finding._asdict() for finding in self.findings]
        return asdict(self) | {"findings": findings, "healthy": self.healthy}


class _Collect(Faults):
    """Notes every fault and goes on without the rows that have it."""

    def __init__(self, report: Report):
        self.report = report

    def refuse(self, sentence: str) -> None:
        self.report.add("error", "tables", sentence)


def examine(path: str | Path, workers: int | None = None) -> Report:
    """Look over a prepared data set, or a folder or archive in one of the known layouts.

    Raises FileNotFoundError where there is nothing.
    """
    path = Path(path).expanduser()
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist: give the folder or archive of a data set")
    report = Report(str(path))
    try:
        if (path / FACTS).exists():
            report.kind = "prepared"
            _prepared(report, Prepared.open(path))
        else:
            _raw(report, path, workers)
    except (ValueError, OSError, ImportError) as error:
        report.add("error", "files", str(error))
    order = ("error", "warning", "note")
    report.findings.sort(key=lambda finding: order.index(finding.level))
    return report


def _prepared(report: Report, data: Prepared) -> None:
    try:
        data.verify()
    except ValueError as error:
        report.add("error", "files", str(error))
    names = data.samples.label.map(dict(enumerate(data.classes)))
    _counts(report, names, data.classes, data.rare)
    _parts(report, names, data.samples.split, data.classes)
    if "by image" in data.facts["split"]:
        _groups(report, data.samples, "warning", "the split is by image, as the paper's: expect flattered results")
    else:
        _groups(report, data.samples, "error", "prepare it again with a split by group")
    prints = _Prints(data.samples.image_id, names, data.samples.split)
    for start in range(0, len(data), BLOCK):
        for i, image in enumerate(data.read(range(start, min(start + BLOCK, len(data)))), start):
            prints.see(i, _fingerprint(image), bool((image == image[0, 0]).all()))
    prints.tell(report)
    sizes = pd.DataFrame({"w": data.size, "h": data.size}, index=data.samples.image_id)
    _boxes(report, data.boxes, sizes, data.samples.image_id, names, data.rare)
    _licence(report, data.facts["licence"])


def _raw(report: Report, path: Path, workers: int | None) -> None:
    with open_source(path) as files, TemporaryDirectory() as folder:
        layout = recognise(files)
        if layout is None:
            known = "; ".join(f"{each.name}: {each.expects}" for each in LAYOUTS)
            raise ValueError(f"{path} is no prepared data set and in none of the known layouts ({known})")
        report.kind = layout.name
        readable = files.unpack(Path(folder)) if isinstance(files, Npz) else path
        with open_source(readable) as opened:
            listing = layout.read(opened, _Collect(report), **layout.whole)
        table = listing.table
        _counts(report, table.diagnosis, list(listing.classes), listing.rare)
        if "split" in table:
            _parts(report, table.diagnosis, table.split, list(listing.classes))
            _groups(report, table, "error", "give each group to one part")
        groups = table.groupby("diagnosis").group.nunique()
        single = [name for name in listing.classes if groups.get(name) == 1]
        if single and "split" not in table:
            text = f"class {single[0]!r} has images of one lesion or patient: add others, as one part would lack it"
            report.add("error", "classes", text)
        if listing.ungrouped:
            report.add("warning", "groups", f"{listing.ungrouped}: a split by lesion cannot be drawn")
        _pictures(report, readable, listing, workers)
    _licence(report, listing.facts["licence"])


class _Look(NamedTuple):
    """What reading one image gives: a fault, or its size, its fingerprint, whether it is blank, and its mask's box."""

    fault: str
    size: tuple[int, int] = (0, 0)
    fingerprint: str = ""
    blank: bool = False
    box: tuple | None = None


def _pictures(report: Report, path: Path, listing: Listing, workers: int | None) -> None:
    table = listing.table
    items = list(zip(table.image, table["mask"], strict=True))
    starts, looks = range(0, len(items), 64), {}
    with tqdm(total=len(items), unit="image", desc="looking") as bar:
        for start, results in in_chunks(partial(_look_at, path), items, starts, 64, workers):
            looks |= dict(enumerate(results, start))
            bar.update(len(results))
    pixels.forget()
    prints = _Prints(table.image_id, table.diagnosis, table.split if "split" in table else None)
    for i in range(len(items)):
        if looks[i].fault:
            report.add("error", "images", looks[i].fault)
        else:
            prints.see(i, looks[i].fingerprint, looks[i].blank)
    prints.tell(report)
    whole = [i for i in range(len(items)) if not looks[i].fault]
    sizes = pd.DataFrame([looks[i].size for i in whole], columns=["w", "h"], index=table.image_id.iloc[whole])
    empty = [table.image_id.iloc[i] for i in whole if items[i][1] and looks[i].box is None]
    if empty:
        report.add("warning", "boxes", f"the masks of {some(empty)} show no lesion: draw them anew, white on black")
    boxes = listing.boxes
    if boxes is None:
        rows = [(table.image_id.iloc[i], *looks[i].box) for i in whole if looks[i].box]
        boxes = pd.DataFrame(rows, columns=["image_id", *CORNERS])
    known = table.iloc[whole]
    _boxes(report, boxes[boxes.image_id.isin(sizes.index)], sizes, known.image_id, known.diagnosis, listing.rare)


def _look_at(path: Path, _start: int, items: Sequence[tuple[str, str]]) -> list[_Look]:
    files, looks = pixels.opened(path), []
    for image_name, mask_name in items:
        try:
            image = read_image(files, image_name)
            box = None
            if mask_name:
                mask = read_mask(files, mask_name, image.size)
                box = pixels.box_of(mask, 1)
                box = box and tuple(side * n for side, n in zip(box, image.size * 2, strict=True))
        except (ValueError, OSError) as error:
            looks.append(_Look(str(error)))
            continue
        array = np.asarray(image)
        looks.append(_Look("", image.size, _fingerprint(array), bool((array == array[0, 0]).all()), box))
    return looks


def _fingerprint(image: np.ndarray) -> str:
    return hashlib.sha256(repr(image.shape).encode() + image.tobytes()).hexdigest()


class _Prints:
    """Images that are the same pixel by pixel, and images that show nothing."""

    def __init__(self, ids: pd.Series, names: pd.Series, split: pd.Series | None):
        self.ids, self.names, self.split = list(ids), list(names), None if split is None else list(split)
        self.same, self.blank = defaultdict(list), []

    def see(self, i: int, fingerprint: str, blank: bool) -> None:
        if blank:
            self.blank.append(self.ids[i])
        else:
            self.same[fingerprint].append(i)

    def tell(self, report: Report) -> None:
        if self.blank:
            report.add("warning", "images", f"{some(self.blank)} are of a single colour: look at them, and remove them")
        doubles = [rows for rows in self.same.values() if len(rows) > 1]
        differ = [rows for rows in doubles if len({self.names[i] for i in rows}) > 1]
        across = [rows for rows in doubles if self.split and len({self.split[i] for i in rows}) > 1]
        for level, about, rows, words in (
            ("error", "duplicates", differ, "are the same picture under two classes: correct or remove one"),
            ("error", "duplicates", across, "are the same picture in both parts: remove one, or give them one group"),
            (
                "warning",
                "duplicates",
                doubles,
                "stand there more than once: remove all but one, or give them one group",
            ),
        ):
            if rows:
                report.add(level, about, f"{len(rows)} picture(s), such as {self._names(rows[0])}, {words}")

    def _names(self, rows: list[int]) -> str:
        return " = ".join(self.ids[i] for i in rows[:3])


def _counts(report: Report, names: pd.Series, classes: list[str], rare: list[str]) -> None:
    counts = Counter(names)
    report.counts = {name: counts[name] for name in classes}
    absent = [name for name in classes if not counts[name]]
    if len(classes) < 2:
        report.add("error", "classes", "there must be two classes or more: nothing can be told apart")
    if absent:
        report.add("error", "classes", f"class {absent[0]!r} has no image: add some, or leave the class out")
    present = {name: n for name, n in report.counts.items() if n}
    if not present:
        return
    least, most = min(present, key=present.get), max(present, key=present.get)
    text = ", ".join(f"{name} {n}" for name, n in present.items())
    ratio = present[most] / present[least]
    outnumbers = f"; {most} outnumbers {least} {ratio:.3g} times" if ratio > 1 else ""
    report.add("note", "classes", f"{sum(present.values())} images: {text}{outnumbers}")
    if present[least] < min(present.get(name, 0) for name in rare):
        report.add(
            "warning", "classes", f"{least} is the smallest class, but {', '.join(rare)} is named as rare: is it meant?"
        )


def _parts(report: Report, names: pd.Series, split: pd.Series, classes: list[str]) -> None:
    for part in ("train", "test"):
        counts = Counter(names[split == part])
        absent = [name for name in classes if not counts[name]]
        if absent:
            report.add("error", "split", f"class {absent[0]!r} has no {part} image: draw the split again")
    tests = Counter(names[split == "test"])
    few = [f"{name} {tests[name]}" for name in classes if 0 < tests[name] < FEW]
    if few:
        text = f"few test images ({', '.join(few)}): one image decides much of that recall, so report intervals"
        report.add("warning", "split", text)


def _groups(report: Report, table: pd.DataFrame, level: str, advice: str) -> None:
    parts = table.groupby("group").split.nunique()
    both = list(parts.index[parts > 1])
    if both:
        report.add(level, "groups", f"{len(both)} group(s), such as {both[0]!r}, have images in both parts: {advice}")


def _boxes(report: Report, boxes: pd.DataFrame, sizes: pd.DataFrame, ids, names, rare: list[str]) -> None:
    """Findings on boxes in pixels of images with these sizes (index image_id, columns w and h)."""
    without = ids[~ids.isin(boxes.image_id) & names.isin(rare)]
    if boxes.empty:
        report.add(
            "warning", "boxes", "there is no box: lessons 1 and 2 can be run, the others need boxes or lesion masks"
        )
        return
    if len(without):
        report.add("warning", "boxes", f"{some(without)} of the rare class have no box: they get no attention loss")
    at = sizes.loc[boxes.image_id]
    w, h = at.w.to_numpy(), at.h.to_numpy()
    corners = boxes[CORNERS].to_numpy(float)
    inside = corners.clip(0, np.stack([w, h, w, h], 1))
    width, height = inside[:, 2] - inside[:, 0], inside[:, 3] - inside[:, 1]
    beyond = np.abs(corners - inside).max(1) > 1e-6
    gone = (width <= 0) | (height <= 0)
    tiny = ~gone & (np.minimum(width, height) < TINY)
    full = ~gone & (width * height >= FULL * w * h)
    for level, bad, words in (
        ("error", gone, "lie outside the image: correct or remove them"),
        ("warning", beyond & ~gone, "reach beyond the image and are clipped: are they in this image's pixels?"),
        ("warning", tiny, f"are narrower than {TINY:g} pixels: remove them, or draw them larger"),
        ("warning", full, "fill the image, so that nothing is outside and the outer loss is 0: draw them tighter"),
    ):
        if bad.any():
            report.add(
                level, "boxes", f"{int(bad.sum())} box(es), such as that of {boxes.image_id[bad].iloc[0]}, {words}"
            )


def _licence(report: Report, licence: str) -> None:
    if not licence or licence == "not stated":
        report.add(
            "warning", "licence", "no licence is stated: find out what may be done with the images, and write it down"
        )
    else:
        report.add("note", "licence", f"licence: {licence}")
