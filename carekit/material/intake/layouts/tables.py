"""Tables and files of a source: found, read, and checked against each other."""

import codecs
import io
import warnings
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath
from types import MappingProxyType

import pandas as pd

from carekit.data.prepared.schema import CORNERS
from carekit.material.intake.layouts.layout import Faults, and_more
from carekit.material.intake.layouts.matching import without_ending
from carekit.material.intake.sources import Source

SIDES = ["x", "y", "w", "h"]
FRAME = ["width", "height"]  # of the picture that a box was drawn in
FURTHEST = 1e9  # pixels or shares: a larger number is a slip, and would overflow what is computed of it


def has_table(files: Source, names: tuple[str, ...]) -> bool:
    """Whether a file of one of these names (in lower case) is there."""
    return any(file_name(name) in names for name in files.names)


def one_table(files: Source, names: tuple[str, ...]) -> str:
    """The only file of one of these names (in lower case). Raises ValueError where there is none or several."""
    found = [name for name in files.names if file_name(name) in names]
    if len(found) != 1:
        count = f"{len(found)} of them ({', '.join(found[:3])})" if found else "none"
        raise ValueError(f"{files.path} must hold one {names[0]}, and there is {count}")
    return found[0]


def read_table(
    files: Source,
    name: str,
    needed: Sequence[str],
    optional: Sequence[str] = (),
    synonyms: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> pd.DataFrame:
    """A table of text with at least the `needed` columns, without its empty rows.

    Args:
        files, name: the source, and the file in it.
        needed, optional: columns, found whatever their case.
        synonyms: for a column other names that it may have, the most particular first.

    Raises:
        ValueError: naming the file.
    """
    table = whole_table(files, name)
    for column in (*needed, *optional):
        names = (column, *synonyms.get(column, ()))
        found = next((each for wanted in names for each in table if each.lower() == wanted.lower()), None)
        if found is not None and column not in table:
            table = table.rename(columns={found: column})
    missing = [column for column in needed if column not in table]
    if missing:
        known = ", ".join(map(repr, table.columns[:12]))
        raise ValueError(f"{name} has no column {missing[0]!r}: it needs {', '.join(needed)}, and has {known}")
    return table[[*needed, *(column for column in optional if column in table)]]


def whole_table(files: Source, name: str) -> pd.DataFrame:
    """All columns of a table of text, separated by commas, semicolons or tabs. Raises ValueError, naming the file."""
    data = files.read(name)
    line, _, rest = data.partition(b"\n")
    if line.removeprefix(codecs.BOM_UTF8).lower().startswith(b"sep="):  # Excel's own first line
        data = rest
        line = rest.partition(b"\n")[0]
    separator = max("\t;,", key=lambda each: line.count(each.encode()))
    how = {"sep": separator, "dtype": str, "keep_default_na": False, "encoding": "utf-8-sig", "index_col": False}
    try:
        with warnings.catch_warnings():
            # Where a line has too many fields, pandas only warns and leaves the last ones out.
            warnings.simplefilter("error", pd.errors.ParserWarning)
            table = pd.read_csv(io.BytesIO(data), **how)
    except UnicodeDecodeError:
        raise ValueError(f"{name} is not UTF-8 text: save it again as CSV with UTF-8 encoding") from None
    except (pd.errors.ParserError, pd.errors.EmptyDataError, pd.errors.ParserWarning) as error:
        raise ValueError(f"{name} is not a table ({str(error).strip()}): each line needs as many fields") from None
    table = table.rename(columns=lambda column: column.strip().removeprefix("Bbox [").removesuffix("]"))  # as NIH
    table = table.apply(lambda column: column.fillna("").str.strip())
    nameless = [column for column in table if column.startswith("Unnamed:") and (table[column] == "").all()]
    table = table.drop(columns=nameless)
    twice = table.columns[table.columns.str.lower().duplicated()]
    if len(twice):
        raise ValueError(f"{name} has two columns {twice[0]!r}: keep one")
    return table[(table != "").any(axis=1)]


def ids_of_images(column: pd.Series) -> pd.Series:
    """Names of images without an ending, which is no part of an id."""
    return column.map(without_ending)


def check_rows(faults: Faults, table: pd.DataFrame, file: str, classes: Iterable[str]) -> pd.DataFrame:
    """`table` (image_id, group, diagnosis) without rows that have no id or group, appear twice, or are of no class."""
    known = list(classes)
    for sentence, is_bad in (
        ("a row has no image_id: give each image its name", lambda t: t.image_id == ""),
        ("image_id {0.image_id!r} appears twice: keep one row for each image", lambda t: t.image_id.duplicated()),
        (
            "image {0.image_id!r} belongs to no group: images of one lesion or patient must share one",
            lambda t: t.group == "",
        ),
        (
            f"class {{0.diagnosis!r}} of image {{0.image_id!r}} is unknown: it must be one of {', '.join(known)}",
            lambda t: ~t.diagnosis.isin(known),
        ),
    ):
        table = faults.drop(table, is_bad(table), f"{file}: {sentence}")
    return table


def parse_numbers(faults: Faults, table: pd.DataFrame, columns: list[str], name: str) -> pd.DataFrame:
    """`table` with these columns as finite floats."""
    points = table[columns].replace(r"^(-?\d+),(\d+)$", r"\1.\2", regex=True)  # as much of Europe writes them
    values = points.apply(pd.to_numeric, errors="coerce").astype(float)
    bad = ~(values.abs() < FURTHEST).all(axis=1)
    faults.drop(table, bad, f"{name}: {', '.join(columns)} of image {{0.image_id!r}} are not all finite numbers")
    return table.assign(**values)[~bad]


def one_hot(faults: Faults, table: pd.DataFrame, columns: list[str], name: str) -> pd.DataFrame:
    """`table` with the diagnosis out of one column for each class, of which one holds 1 and the others 0."""
    table = parse_numbers(faults, table, columns, name)
    bad = (table[columns].isin([0, 1]).sum(axis=1) < len(columns)) | (table[columns].sum(axis=1) != 1)
    table = faults.drop(table, bad, f"{name}: image {{0.image_id!r}} is not of exactly one class")
    return table.assign(diagnosis=table[columns].idxmax(axis=1))


def parse_boxes(faults: Faults, table: pd.DataFrame, name: str) -> pd.DataFrame:
    """image_id and corners of boxes that are given by corners (x0 to y1) or by a corner and sides (x, y, w, h)."""
    if set(CORNERS) <= set(table):
        table = parse_numbers(faults, table, CORNERS, name)
    else:
        table = parse_numbers(faults, table, SIDES, name)
        table = table.assign(x0=table.x, y0=table.y, x1=table.x + table.w, y1=table.y + table.h)
    bad = (table.x1 <= table.x0) | (table.y1 <= table.y0)
    box = "({0.x0:g}, {0.y0:g}, {0.x1:g}, {0.y1:g})"
    table = faults.drop(table, bad, f"{name}: box {box} of image {{0.image_id!r}} is empty or reversed")
    extra = [column for column in (*FRAME, "category") if column in table]
    return table[["image_id", *CORNERS, *extra]]


def file_name(name: str) -> str:
    """The last part of a file's name, in lower case."""
    return PurePosixPath(name).name.lower()


def stem(name: str) -> str:
    """The last part of a file's name, without its ending."""
    return PurePosixPath(name).stem


def files_by_stem(
    faults: Faults, files: Source, endings: tuple[str, ...], within: str = "", but: tuple[str, ...] = ()
) -> dict[str, str]:
    """stem -> file, for files whose name ends so and not as those of `but`; `within` must be a part of the path."""
    found: dict[str, str] = {}
    for name in files.names:
        last = PurePosixPath(name).name
        ending = next((each for each in endings if last.lower().endswith(each)), None)
        if ending is None or within not in name or last.lower().endswith(but):
            continue
        key = last[: -len(ending)]
        # One published packing of HAM10000 holds the same folder twice.
        if key in found and files.read(found[key]) != files.read(name):
            faults.refuse(f"{found[key]} and {name} in {files.path} are different: remove the one that is wrong")
        found.setdefault(key, name)
    return found


def attach_files(faults: Faults, files: Source, table: pd.DataFrame, found: dict[str, str], kind: str) -> pd.DataFrame:
    """`table` with the file of each image: there must be one for each row, and no other."""
    lost = ~table.image_id.isin(found)
    if lost.any():
        names = list(table.image_id[lost])
        words = f"of the table have no {kind} file in {files.path}: add the files, or remove the rows"
        faults.miss(f"{and_more(names)} {words}{'; '.join(['', *files.remarks])}", names, f"no {kind} file")
    extra = sorted(set(found) - set(table.image_id))
    if extra:
        words = f"in {files.path} have no row in the table: add the rows, or remove the files"
        faults.miss(f"{and_more(extra)} {words}", extra, "no row in the table")
    table = table[~lost]
    return table.assign(image=table.image_id.map(found))
