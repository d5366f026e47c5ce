"""One account of a source: which file gave classes, groups, split and boxes, and which files were not read."""

import re
from collections.abc import Mapping, Sequence

import pandas as pd

from carekit.material.intake.layouts.annotations.place import Place
from carekit.material.intake.layouts.labels import Table
from carekit.material.intake.layouts.layout import Faults, and_more
from carekit.material.intake.layouts.matching import Images
from carekit.material.intake.sources import Source

# Pictures that are not read, with what helps.
UNREAD_PICTURES = (".heic", ".heif", ".avif", ".jp2", ".icloud", ".webm", ".pgm", ".ppm", ".svg", ".nii", ".nii.gz")
_TEXTS = (".json", ".jsonl", ".ndjson", ".geojson", ".xml", ".csv", ".tsv")
_LIKE_BOXES = re.compile(r"bbox|bounding_box|BoundingBox|rectanglelabels|\"spans\"|\"points\"|xmin|x_min", re.I)
_NAMES = re.compile(r"[^\s\"',;:<>\\/]+\.(?:jpe?g|png|bmp|tiff?|webp|gif|dcm)\b", re.I)
LOOKED_AT = 2**16  # bytes of a file
FILES = 40  # that are looked at, of those that were not read
# What a tool writes into its files, and how its boxes come into a form that is read.
TOOLS = {
    '"items"': "Datumaro's: datum convert -if datumaro -f coco",
    '"schema_ref"': "V7 Darwin's: export it as COCO",
    '"spans"': "Prodigy's: export it as COCO",
    '"classTitle"': "Supervisely's: export it as COCO",
    '"FeatureCollection"': "QuPath's GeoJSON: export it as COCO",
    '"detections"': "FiftyOne's: export it as COCODetectionDataset",
}


class Account:
    """Collects what was read of a source, a line each, and at the end what was not.

    Args:
        files: the source.
        faults: takes notes of files that look like boxes and were not read.
    """

    def __init__(self, files: Source, faults: Faults):
        self.files = files
        self.faults = faults
        self.lines: list[str] = []
        self.used: set[str] = set()

    def table(self, tables: Sequence[Table], listed: pd.DataFrame) -> None:
        """The classes came from tables."""
        first = tables[0]
        column = f"column {first.columns['label']!r}"
        if first.hot:
            column = f"columns {', '.join(first.hot[:6])}"
        names = ", ".join(table.name for table in tables)
        self.lines.append(f"classes: {names}, {column}, {len(listed)} images by column {first.columns['image']!r}")
        self.used |= {table.name for table in tables}
        if "split" in listed:
            self.lines.append(f"split: {names}, column {first.columns['split']!r}")

    def folders(self, listed: pd.DataFrame, strays: Sequence[str]) -> None:
        """The classes are the names of folders."""
        self.lines.append(f"classes: the folders' names ({listed.diagnosis.nunique()}), {len(listed)} images")
        if strays:
            self.faults.note(f"{and_more(strays)} are in none of the folders of classes, and are left out")

    def groups(self, listed: pd.DataFrame, source: str) -> None:
        """Where the lesions or patients came from."""
        if "group" in listed:
            self.lines.append(f"groups: {source} ({listed.group.nunique()})")
            self.used.add(source)
        else:
            self.lines.append("groups: none was found")

    def boxes(self, place: Place, boxes: pd.DataFrame | None, masks: Mapping[str, str], listed: pd.DataFrame) -> None:
        """Where the boxes came from; then the files that nothing came from."""
        self.used |= {*place.used, *place.left, *place.broken}
        if boxes is not None:
            self.lines.append(f"boxes: {and_more(place.used, 'file(s)')}, {len(boxes)} boxes")
        elif masks:
            self.lines.append(f"boxes: {len(masks)} masks")
            normal = listed.diagnosis[listed["mask"] != ""].str.fullmatch("normal|healthy|no.finding", case=False)
            if normal.any():
                self.faults.note(f"{normal.sum()} images of a normal class have masks: are these of organs?")
        else:
            self.lines.append("boxes: none was found")
        self._tell_unread(place.images)

    def _tell_unread(self, images: Images) -> None:
        """Name the pictures that cannot be read, and the files that hold images' names or boxes and were not read."""
        pictures = [name for name in self.files.names if name.lower().endswith(UNREAD_PICTURES)]
        if pictures:
            words = f"{and_more(pictures, 'picture(s)')} are of a kind that is not read: convert them to JPEG or PNG"
            self.faults.note(words)
            self.lines.append(f"not read: {words}")
        texts = [name for name in self.files.names if name.lower().endswith(_TEXTS) and name not in self.used]
        like: dict[str, list[str]] = {}
        for name in texts[:FILES]:
            text = self.files.read(name)[:LOOKED_AT].decode("utf-8-sig", "replace")
            own = name.rpartition("/")[2].rpartition(".")[0]  # a file may have the name of an image
            if _LIKE_BOXES.search(text) or any(map(images.knows, [own, *_NAMES.findall(text)[:50]])):
                tool = next((advice for sign, advice in TOOLS.items() if sign in text), "")
                like.setdefault(tool, []).append(name)
        for tool, names in like.items():
            advice = tool or "for its boxes, call it boxes.csv or export it as COCO"
            self.lines.append(f"not read: {and_more(names, 'file(s)')}: it names images or boxes ({advice})")
