"""Tables and files of a source: found, read, and checked against each other."""

import codecs
import io
import warnings
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath

import pandas as pd

from carekit.data.prepared.schema import CORNERS
from carekit.material.intake.layouts.layout import Faults, and_more
from carekit.material.intake.layouts.matching import Images, without_ending
from carekit.material.intake.sources import Source

SIDES = ["x", "y", "w", "h"]
FRAME = ["width", "height"]  # of the picture that a box was drawn in
LOOKED_AT = 50  # cells of a column that are compared with the names of images
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


def column_of(columns: Iterable[str], name: str, synonyms: Sequence[str] = ()) -> str:
    """The column of this name or else of the first synonym that is there, whatever its case; "" for none."""
    by_lower = {column.lower(): column for column in columns}
    return next((by_lower[wanted.lower()] for wanted in (name, *synonyms) if wanted.lower() in by_lower), "")


def read_table(files: Source, name: str, needed: Sequence[str], optional: Sequence[str] = ()) -> pd.DataFrame:
    """A table of text with at least the `needed` columns, without its empty rows.

    Args:
        files, name: the source, and the file in it.
        needed, optional: columns, found whatever their case.

    Raises:
        ValueError: naming the file.
    """
    table = whole_table(files, name)
    columns = {wanted: column_of(table, wanted) for wanted in (*needed, *optional)}
    missing = [wanted for wanted in needed if not columns[wanted]]
    if missing:
        known = ", ".join(map(repr, table.columns[:12]))
        raise ValueError(f"{name} has no column {missing[0]!r}: it needs {', '.join(needed)}, and has {known}")
    columns = {wanted: column for wanted, column in columns.items() if column}
    return table[list(columns.values())].set_axis(list(columns), axis=1)


def whole_table(files: Source, name: str) -> pd.DataFrame:
    """All columns of a table of text, separated by commas, semicolons or tabs; parsed only once for a source.

    Raises:
        ValueError: naming the file.
    """
    if name not in files.tables:
        files.tables[name] = _parse(name, files.read(name))
    return files.tables[name]


def table_names(files: Source) -> dict[str, pd.DataFrame]:
    """All tables of a source that can be read, by their files."""
    tables = {}
    for name in files.names:
        if name.lower().endswith((".csv", ".tsv")):
            try:
                tables[name] = whole_table(files, name)
            except ValueError:
                continue  # it is reported if it is needed
    return tables


def image_column(table: pd.DataFrame, images: Images, headers: Sequence[str]) -> str:
    """The column that names images, found by its cells: at least half of them are names of images.

    Of several columns, the one with the most names; then one of the usual `headers`. If no cell is the name of an image
    (the files may be missing), the first column with one of the headers; "" for none.
    """
    usual = [column for name in headers if (column := column_of(table, name))]
    best, most = "", 0
    for column in dict.fromkeys([*usual, *table.columns]):
        cells = table[column].drop_duplicates()
        cells = cells[cells != ""]
        some = cells.iloc[:: max(1, len(cells) // LOOKED_AT)]
        known = sum(map(images.knows, some))
        if known > most and 2 * known >= len(some):
            best, most = column, known
    return best or next(iter(usual), "")


def _parse(name: str, data: bytes) -> pd.DataFrame:
    line, _, rest = data.partition(b"\n")
    # Excel's own first line, and lines of comments before the header.
    while line.removeprefix(codecs.BOM_UTF8).lower().startswith(b"sep=") or _is_comment(line):
        data = rest
        line, _, rest = data.partition(b"\n")
    separator = max("\t;,", key=lambda each: line.count(each.encode()))
    how = {"sep": separator, "dtype": str, "keep_default_na": False, "encoding": "utf-8-sig", "index_col": False}
    try:
        with warnings.catch_warnings():
            # If a line has too many fields, pandas only warns and leaves the last ones out.
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


def _is_comment(line: bytes) -> bool:
    return line.startswith(b"#") and not any(separator in line for separator in b",;\t")


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
    cells = table[columns]
    if not all(map(pd.api.types.is_float_dtype, cells.dtypes)):
        _check_separators(faults, cells.astype(str), name)
        cells = cells.replace(r"^(-?\d+),(\d+)$", r"\1.\2", regex=True)  # as much of Europe writes them
    values = cells.apply(pd.to_numeric, errors="coerce").astype(float)
    bad = ~(values.abs() < FURTHEST).all(axis=1)
    faults.drop(table, bad, f"{name}: {', '.join(columns)} of image {{0.image_id!r}} are not all finite numbers")
    return table.assign(**values)[~bad]


def _check_separators(faults: Faults, cells: pd.DataFrame, name: str) -> None:
    """Refuse numbers such as 1,024 that may be thousands or decimals, if no other number of the table shows it."""
    every = pd.concat([cells[column] for column in cells])
    unclear = every.str.fullmatch(r"[1-9]\d{0,2}[.,]\d{3}")
    decimal = every.str.contains("[.,]", regex=True) & ~unclear
    # If all numbers have three decimals after a point, a program has printed them so.
    printed = (unclear | (every == "")).all() and not every.str.contains(",").any()
    if unclear.any() and not decimal.any() and not printed:
        example = every[unclear].iloc[0]
        words = "may be a thousand or a decimal: write numbers without thousands separators"
        faults.refuse(f"{name}: {example} {words}")


def one_hot(faults: Faults, table: pd.DataFrame, columns: list[str], name: str) -> pd.DataFrame:
    """`table` with the diagnosis out of one column for each class, of which one holds 1 and the others 0."""
    table = parse_numbers(faults, table, columns, name)
    bad = (table[columns].isin([0, 1]).sum(axis=1) < len(columns)) | (table[columns].sum(axis=1) != 1)
    words = f"is not of exactly one class of {', '.join(columns[:12])}: if all 0 is a class, give it a column"
    table = faults.drop(table, bad, f"{name}: image {{0.image_id!r}} {words}")
    return table.assign(diagnosis=table[columns].idxmax(axis=1))


def parse_boxes(faults: Faults, table: pd.DataFrame, name: str) -> pd.DataFrame:
    """image_id and corners of boxes that are given by corners (x0 to y1) or by a corner and sides (x, y, w, h)."""
    return drop_empty_boxes(faults, parse_corners(faults, table, name), name)[["image_id", *CORNERS]]


def parse_corners(faults: Faults, table: pd.DataFrame, name: str) -> pd.DataFrame:
    """`table` with the corners of its boxes as finite floats."""
    if set(CORNERS) <= set(table):
        return parse_numbers(faults, table, CORNERS, name)
    table = parse_numbers(faults, table, SIDES, name)
    return table.assign(x0=table.x, y0=table.y, x1=table.x + table.w, y1=table.y + table.h)


def drop_empty_boxes(faults: Faults, table: pd.DataFrame, name: str) -> pd.DataFrame:
    """`table` (image_id and corners) without boxes that are no boxes: the one check of corners, for all formats."""
    box = "({0.x0:g}, {0.y0:g}, {0.x1:g}, {0.y1:g})"
    huge = ~(table[CORNERS].abs() < FURTHEST).all(axis=1)
    table = faults.drop(table, huge, f"{name}: box {box} of image {{0.image_id!r}} is not of finite numbers")
    bad = (table.x1 <= table.x0) | (table.y1 <= table.y0)
    return faults.drop(table, bad, f"{name}: box {box} of image {{0.image_id!r}} is empty or reversed")


def file_name(name: str) -> str:
    """The last part of a file's name, in lower case."""
    return name.rpartition("/")[2].lower()


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
