"""Tables and files of a source: found, read, and checked against each other."""

import io
import warnings
from pathlib import PurePosixPath

import pandas as pd

from carekit.data.layouts.layout import Faults
from carekit.data.prepared.schema import CORNERS
from carekit.data.sources import Source

SIDES = ["x", "y", "w", "h"]
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


def read_table(files: Source, name: str, needed: list[str], optional: tuple[str, ...] = ()) -> pd.DataFrame:
    """A table of text with at least the `needed` columns; commas, or tabs. Raises ValueError, naming the file."""
    data = files.read(name)
    separator = "\t" if b"\t" in data.split(b"\n", 1)[0] else ","
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
    table = table.rename(columns=str.strip).apply(lambda column: column.str.strip())
    twice = table.columns[table.columns.duplicated()]
    if len(twice):
        raise ValueError(f"{name} has two columns {twice[0]!r}: keep one")
    missing = [column for column in needed if column not in table]
    if missing:
        raise ValueError(f"{name} has no column {missing[0]!r}: it needs {', '.join(needed)}")
    return table[needed + [column for column in optional if column in table]]


def check_rows(faults: Faults, table: pd.DataFrame, file: str, classes) -> pd.DataFrame:
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
    values = table[columns].apply(pd.to_numeric, errors="coerce").astype(float)
    bad = ~(values.abs() < FURTHEST).all(axis=1)
    faults.drop(table, bad, f"{name}: {', '.join(columns)} of image {{0.image_id!r}} are not all finite numbers")
    return table.assign(**values)[~bad]


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
    return table[["image_id", *CORNERS]]


def file_name(name: str) -> str:
    """The last part of a file's name, in lower case."""
    return PurePosixPath(name).name.lower()


def stem(name: str) -> str:
    """The last part of a file's name, without its ending."""
    return PurePosixPath(name).stem


def files_by_stem(faults: Faults, files: Source, endings: tuple[str, ...], within: str = "") -> dict[str, str]:
    """stem -> file, for files whose name ends so; `within` must be a part of the path."""
    found: dict[str, str] = {}
    for name in files.names:
        last = PurePosixPath(name).name
        ending = next((each for each in endings if last.lower().endswith(each)), None)
        if ending is None or within not in name:
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
        rows = and_more(table.image_id[lost])
        faults.refuse(f"{rows} of the table have no {kind} file in {files.path}: add the files, or remove the rows")
    extra = sorted(set(found) - set(table.image_id))
    if extra:
        faults.refuse(f"{and_more(extra)} in {files.path} have no row in the table: add the rows, or remove the files")
    table = table[~lost]
    return table.assign(image=table.image_id.map(found))


def and_more(names) -> str:
    """How many images there are, and the names of the first."""
    names = list(names)
    return f"{len(names)} image(s) ({', '.join(names[:3])}{', ...' if len(names) > 3 else ''})"
