"""The command line that all preparing scripts share."""

import argparse
import inspect
import signal
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from carekit.data.prepared import Prepared
from carekit.ground.messages import printable, sentence
from carekit.ground.ownership import finish_set
from carekit.material.intake.download.origins import Origin
from carekit.material.intake.layouts import LAYOUTS, recognise, told
from carekit.material.intake.layouts.annotations.csv import UNITS
from carekit.material.intake.layouts.layout import Layout
from carekit.material.intake.layouts.medmnist import CLASSES
from carekit.material.intake.layouts.rsna import SUBSETS
from carekit.material.intake.preparing.left_out import LEFT_OUT
from carekit.material.intake.preparing.prepare import prepare
from carekit.material.intake.preparing.splits import RULES
from carekit.material.intake.sources import open_source

PAGE = "page.html"  # in the folder of a prepared data set: see doctor.page
AddOptions = Callable[[argparse.ArgumentParser], None]


def _add_nothing(parser: argparse.ArgumentParser) -> None:
    pass


def main(
    layout: Layout,
    description: str,
    arguments: list[str] | None = None,
    *,
    origin: Callable[[argparse.Namespace], Origin] | None = None,
    add: AddOptions = _add_nothing,
    add_to_download: AddOptions = _add_nothing,
) -> int:
    """Prepare, print a table, and return the exit status: 0, 2 for bad input, 130 when stopped.

    Args:
        layout: how the source is laid out.
        description: for --help.
        arguments: by default those of the command line.
        origin: from the options, where the source can be downloaded from.
        add: adds options for the layout's `read` to a parser.
        add_to_download: adds options for `origin` to a parser.
    """
    places = _parser(partial(_add_places, layout, origin is not None))
    preparing = _parser(partial(_add_preparing, layout.splits))
    reading = _parser(add)
    parents = [places, preparing, reading, _parser(add_to_download)]
    options = argparse.ArgumentParser(description=description, parents=parents).parse_args(arguments)
    chosen = {name: value for name, value in _given(options, reading).items() if value is not None}
    given = _given(options, preparing) | chosen
    return finish(layout.name, options.out, lambda: _run(layout, options, origin, given))


def run_prepare(arguments: list[str], show: Callable[[Path], None]) -> int:
    """`python -m carekit prepare`: recognise a source, prepare it, print what was understood; returns the exit status.

    Args:
        arguments: those of the command line.
        show: what is done with the new folder at the end.
    """
    preparing = _parser(partial(_add_preparing, tuple(RULES)))
    reading = _parser(add_reading(*READING))
    words = "Make a prepared data set of a folder or an archive in any layout that is known."
    parser = argparse.ArgumentParser("python -m carekit prepare", description=words, parents=[preparing, reading])
    parser.add_argument("source", type=Path, metavar="PATH", help="folder or archive with the images")
    parser.add_argument("--out", type=Path, required=True, help="new folder for the prepared data set")
    options = parser.parse_args(arguments)
    chosen = {name: value for name, value in _given(options, reading).items() if value is not None}

    def make() -> Prepared:
        with open_source(options.source) as files:
            layout = recognise(files)
            if layout is None:
                known = "; ".join(f"{each.name}: {each.expects}" for each in LAYOUTS)
                raise ValueError(f"{options.source} has no known layout: {told(files)}. Known are {known}")
        takes = inspect.signature(layout.read).parameters
        strange = [name for name in chosen if name not in takes]
        if strange:
            option = strange[0].replace("_", "-")
            raise ValueError(
                f"{options.source} is laid out as {layout.name}, where there is no --{option}: leave it out"
            )
        print(printable(f"{options.source}: {layout.name}"))
        data = prepare(layout, options.source, options.out, **_given(options, preparing), **chosen)
        show(options.out)
        finish_set(options.out)
        return data

    return finish("prepare", options.out, make, understood)


def names(text: str) -> list[str]:
    """The names in a text with commas between them."""
    return [name.strip() for name in text.split(",") if name.strip()]


AddOption = Callable[[argparse.ArgumentParser, str], object]


def _option(words: str, **how: Any) -> AddOption:
    return lambda parser, name: parser.add_argument(f"--{name}", help=words, **how)


# What the layouts' `read` takes, by the name of its option.
READING: dict[str, AddOption] = {
    "rare": _option("classes to attend to, with commas, the rarest first (the smallest)", type=names),
    "category": _option("categories of boxes that count, with commas (all)", type=names),
    "label": _option("column of the table that holds the class"),
    "boxes-in": _option("what the numbers of boxes.csv count", choices=tuple(UNITS)),
    "title": _option("how figures call the data set (the folder's name)"),
    "licence": _option("what may be done with the images"),
    "citation": _option("how to cite them"),
    "subset": _option("RSNA: the paper's 8851/6012/105 films, or all", choices=SUBSETS),
    "subset-seed": _option("RSNA: which films the paper's subset draws", type=int),
    "which": _option("MedMNIST: which of its sets, where the file does not tell", choices=tuple(CLASSES)),
}


def add_reading(*options: str) -> AddOptions:
    """Adds some options of `READING` to a parser; what is not given is left to the layout."""

    def add(parser: argparse.ArgumentParser) -> None:
        for name in options:
            READING[name](parser, name)

    return add


def _parser(add: AddOptions) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(add_help=False)
    add(parser)
    return parser


def _add_places(layout: Layout, download: bool, parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--source", type=Path, help=f"folder or archive: {layout.expects}")
    parser.add_argument("--out", type=Path, required=True, help="new folder for the prepared data set")
    if download:
        parser.add_argument("--download", action="store_true", help="fetch the files first, into --source")


def _add_preparing(splits: Sequence[str], parser: argparse.ArgumentParser) -> None:
    """The options of `prepare` besides the source and the new folder."""
    parser.add_argument("--size", type=int, default=224, help="height and width in pixels (224, as the paper)")
    parser.add_argument("--workers", type=int, help="processes (as many as there are cores)")
    parser.add_argument("--limit", type=int, help="keep so many images: for a quick try")
    parser.add_argument("--max-per-class", type=int, help="keep at most so many images of each class")
    words = "; ".join(f"{name}: {RULES[name]}" for name in splits)
    parser.add_argument("--split", choices=splits, help=f"{words} (the source's own, or the layout's usual one)")
    parser.add_argument("--seed", type=int, default=0, help="for the split, the limit and the cap")
    parser.add_argument("--overwrite", action="store_true", help="replace OUT if it is a prepared data set")
    parser.add_argument(
        "--skip-damaged", action="store_true", help="leave out images that cannot be read, and list them"
    )
    words = "leave out rows without an image, images without a row and boxes without an image, and list them"
    parser.add_argument("--only-what-is-there", action="store_true", help=words)


def _given(options: argparse.Namespace, parser: argparse.ArgumentParser) -> dict[str, Any]:
    """The values of those options that a parser knows."""
    return {name: getattr(options, name) for name in vars(parser.parse_args([]))}


def _run(
    layout: Layout,
    options: argparse.Namespace,
    origin: Callable[[argparse.Namespace], Origin] | None,
    given: dict[str, Any],
) -> Prepared:
    source = options.source
    if origin and options.download:
        source = _fetch(origin(options), source or Path("data", "raw", layout.name))
    elif source is None:
        hint = ", or --download to fetch them" if origin else ""
        raise ValueError(f"give --source, the folder or archive with the images{hint}")
    return prepare(layout, source, options.out, **given)


def _fetch(origin: Origin, folder: Path) -> Path:
    """The folder with the downloaded files, or the one array archive."""
    try:
        from carekit.material.intake.download.data_set import fetch
    except ModuleNotFoundError as error:
        raise ImportError(f"{error.name} is needed to download: pip install 'carekit[data]'") from None
    files = fetch(origin, folder)
    return files[0] if files[0].suffix == ".npz" else folder


def finish(
    name: str, out: Path, make: Callable[[], Prepared], tell: Callable[[Prepared], list[str]] | None = None
) -> int:
    """Make a data set, print a table of it and the lines that `tell` (`said`) gives, and return the exit status."""
    tell = tell or said
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a cluster's way to stop: as Ctrl-C
    try:
        data = make()
    except (ValueError, OSError, ImportError) as error:
        print(sentence(error, name), file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"{name}: stopped; the same command resumes from here", file=sys.stderr)
        return 130
    print(printable(table(data)))
    for line in tell(data):
        print(printable(line))
    if (out / LEFT_OUT).exists():
        print(f"Left out, one a line: {out / LEFT_OUT}")
    if (out / PAGE).exists():
        print(f"Page: {out / PAGE}")
    print(f"Next: python -m carekit check {out}, then make course DATA={out}")
    return 0


def said(data: Prepared) -> list[str]:
    """What was understood of a source besides its counts, a line each."""
    lines = [f"Split: {data.facts['split']}."]
    categories = data.facts.get("boxes_by_category")
    if categories:
        lines.append(f"Boxes by category: {', '.join(f'{name} {n}' for name, n in categories.items())}.")
    masks = len(data) - data.facts.get("images_without_mask", len(data))
    empty = data.facts.get("empty_masks", 0)
    if masks and empty:
        lines.append(f"Note: {empty} of {masks} masks show no lesion: all their values are 0.")
    lines += [f"Note: {note}." for note in data.facts.get("notes", ())]
    if data.boxes.empty:
        lines.append(
            "There are no boxes to attend to: lessons 1 and 2 can be run, the others need boxes or lesion masks."
        )
    return lines


def understood(data: Prepared) -> list[str]:
    """What was read from which file and what was not read, and what `said` says, a line each."""
    return [f"{line[0].upper()}{line[1:]}." for line in data.facts.get("account", ())] + said(data)


def table(data: Prepared) -> str:
    """Images for training and test, and images with a box, of each class."""
    train, test = data.split("train").counts(), data.split("test").counts()
    boxed = data.take(data.samples.image_id.isin(data.boxes.image_id).to_numpy()).counts()
    wide = max(8, *(len(name) + 2 for name in data.classes))  # characters of the first column
    lines = [f"{'class':<{wide}}{'train':>8}{'test':>8}{'boxes':>8}"]
    lines += [f"{name:<{wide}}{train[name]:>8}{test[name]:>8}{boxed[name]:>8}" for name in data.classes]
    sums = (sum(counts.values()) for counts in (train, test, boxed))
    return "\n".join([*lines, f"{'all':<{wide}}" + "".join(f"{n:>8}" for n in sums)])
