"""What a source holds, told before any pixel is read: each layout of a publisher makes such a list."""

import io
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Any, NamedTuple

import pandas as pd

from carekit.data.checks import CORNERS
from carekit.data.files import Source


@dataclass
class Listing:
    """One row of `table` an image, sorted by image_id.

    table: image_id (unique), diagnosis (its class), group (lesion or patient), image and mask (files; "" for none) and,
    where the publisher has drawn the parts, split. boxes: image_id and x0, y0, x1, y1 in pixels of the image's file,
    or None where masks give them. classes: short name -> name, in the order of the labels. ungrouped: what is missing
    where images of one lesion or patient cannot be told, or nothing.
    """

    table: pd.DataFrame
    classes: Mapping[str, str]
    facts: dict[str, Any]
    boxes: pd.DataFrame | None = None
    rare: list[str] = field(default_factory=list)
    ungrouped: str = ""

    def __post_init__(self):
        self.table = self.table.sort_values("image_id", ignore_index=True)
        if not self.rare and self.classes:
            counts = self.table.diagnosis.value_counts()
            self.rare = [min(self.classes, key=lambda name: counts.get(name, 0))]


class Faults:
    """What is done about a fault in a source: this one stops at the first, in one sentence."""

    def refuse(self, sentence: str) -> None:
        raise ValueError(sentence)

    def drop(self, table: pd.DataFrame, bad: pd.Series, sentence: str) -> pd.DataFrame:
        """The rows that are not bad, if the fault is survived; "{0.image_id}" in `sentence` is the first bad row's."""
        if bad.any():
            more = f" (and {bad.sum() - 1} more)" if bad.sum() > 1 else ""
            self.refuse(sentence.format(table[bad].iloc[0]) + more)
        return table[~bad]


class Layout(NamedTuple):
    """A publisher's arrangement of files.

    splits: how the parts may be drawn, the usual first: see `preparing.SPLITS`. read(files, faults, **options) lists
    the source, fits(files) tells whether it has this layout, expects says what that is. whole: the options of `read`
    that leave nothing out. fixes(files) tells whether the source itself says how to split, so that nobody need ask.
    """

    name: str
    splits: tuple[str, ...]
    read: Callable[..., Listing]
    fits: Callable[[Source], bool]
    expects: str
    whole: Mapping[str, Any] = MappingProxyType({})
    fixes: Callable[[Source], bool] = lambda files: False


def has_table(files: Source, names: tuple[str, ...]) -> bool:
    """Whether a file of one of these names (in lower case) is there."""
    return any(base(name) in names for name in files.names)


def one_table(files: Source, names: tuple[str, ...]) -> str:
    """The only file of one of these names (in lower case). Raises ValueError where there is none or several."""
    found = [name for name in files.names if base(name) in names]
    if len(found) != 1:
        told = f"{len(found)} of them ({', '.join(found[:3])})" if found else "none"
        raise ValueError(f"{files.path} must hold one {names[0]}, and there is {told}")
    return found[0]


def read_table(files: Source, name: str, needed: list[str], optional: tuple[str, ...] = ()) -> pd.DataFrame:
    """A table of text with at least the `needed` columns; commas, or tabs. Raises ValueError, naming the file."""
    data = files.read(name)
    separator = "\t" if b"\t" in data.split(b"\n", 1)[0] else ","
    how = {"sep": separator, "dtype": str, "keep_default_na": False, "encoding": "utf-8-sig", "index_col": False}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "error", pd.errors.ParserWarning
            )  # it warns, and drops what stands too much in a line
            table = pd.read_csv(io.BytesIO(data), **how)
    except UnicodeDecodeError:
        raise ValueError(f"{name} is not UTF-8 text: save it again as CSV with UTF-8 encoding") from None
    except (pd.errors.ParserError, pd.errors.EmptyDataError, pd.errors.ParserWarning) as error:
        raise ValueError(f"{name} is not a table ({str(error).strip()}): each line needs as many fields") from None
    table = table.rename(columns=str.strip).apply(lambda column: column.str.strip())
    twice = table.columns[table.columns.duplicated()]
    if len(twice):
        raise ValueError(f"{name} has two columns {twice[0]!r}: keep one")
    missing = [column for column in needed if column not in table]
    if missing:
        raise ValueError(f"{name} has no column {missing[0]!r}: it needs {', '.join(needed)}")
    return table[needed + [column for column in optional if column in table]]


def checked(faults: Faults, table: pd.DataFrame, file: str, classes) -> pd.DataFrame:
    """`table` (image_id, group, diagnosis) without rows that have no id or group, stand twice, or are of no class."""
    classes = list(classes)
    for sentence, bad in (
        ("a row has no image_id: give each image its name", lambda t: t.image_id == ""),
        ("image_id {0.image_id!r} stands twice: keep one row for each image", lambda t: t.image_id.duplicated()),
        (
            "image {0.image_id!r} belongs to no group: images of one lesion or patient must share one",
            lambda t: t.group == "",
        ),
        (
            f"class {{0.diagnosis!r}} of image {{0.image_id!r}} is unknown: it must be one of {', '.join(classes)}",
            lambda t: ~t.diagnosis.isin(classes),
        ),
    ):
        table = faults.drop(table, bad(table), f"{file}: {sentence}")
    return table


def numbers(faults: Faults, table: pd.DataFrame, columns: list[str], name: str) -> pd.DataFrame:
    """`table` with these columns as finite floats."""
    values = table[columns].apply(pd.to_numeric, errors="coerce")
    bad = ~values.map(lambda value: abs(value) < 1e9).all(axis=1)
    faults.drop(table, bad, f"{name}: {', '.join(columns)} of image {{0.image_id!r}} are not all finite numbers")
    return table.assign(**values.astype(float))[~bad]


def corners(faults: Faults, table: pd.DataFrame, name: str) -> pd.DataFrame:
    """image_id and corners of boxes that are given by corners (x0 to y1) or by a corner and sides (x, y, w, h)."""
    if set(CORNERS) <= set(table):
        table = numbers(faults, table, CORNERS, name)
    else:
        table = numbers(faults, table, ["x", "y", "w", "h"], name)
        table = table.assign(x0=table.x, y0=table.y, x1=table.x + table.w, y1=table.y + table.h)
    bad = (table.x1 <= table.x0) | (table.y1 <= table.y0)
    sentence = (
        f"{name}: box ({{0.x0:g}}, {{0.y0:g}}, {{0.x1:g}}, {{0.y1:g}}) of image {{0.image_id!r}} is empty or reversed"
    )
    return faults.drop(table, bad, sentence)[["image_id", *CORNERS]]


def base(name: str) -> str:
    """The last part of a file's name, in lower case."""
    return PurePosixPath(name).name.lower()


def by_stem(faults: Faults, files: Source, endings: tuple[str, ...], within: str = "") -> dict[str, str]:
    """stem -> file, for files whose name ends so; `within` must be a part of the path."""
    found: dict[str, str] = {}
    for name in files.names:
        last = PurePosixPath(name).name
        ending = next((each for each in endings if last.lower().endswith(each)), None)
        if ending is None or within not in name:
            continue
        stem = last[: -len(ending)]
        # One published packing of HAM10000 holds the same folder twice.
        if stem in found and files.read(found[stem]) != files.read(name):
            faults.refuse(f"{found[stem]} and {name} in {files.path} are different: remove the one that is wrong")
        found.setdefault(stem, name)
    return found


def match(faults: Faults, files: Source, table: pd.DataFrame, found: dict[str, str], kind: str) -> pd.DataFrame:
    """`table` with the file of each image: there must be one for each row, and no other."""
    lost = ~table.image_id.isin(found)
    if lost.any():
        rows = some(table.image_id[lost])
        faults.refuse(f"{rows} of the table have no {kind} file in {files.path}: add the files, or remove the rows")
    extra = sorted(set(found) - set(table.image_id))
    if extra:
        faults.refuse(f"{some(extra)} in {files.path} have no row in the table: add the rows, or remove the files")
    table = table[~lost]
    return table.assign(image=table.image_id.map(found))


def some(names) -> str:
    names = list(names)
    return f"{len(names)} image(s) ({', '.join(names[:3])}{', ...' if len(names) > 3 else ''})"
