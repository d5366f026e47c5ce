"""The command line that all preparing scripts share."""

import argparse
import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from carekit.data.download.origins import Origin
from carekit.data.layouts.layout import Layout
from carekit.data.prepared import Prepared
from carekit.data.preparing.prepare import prepare
from carekit.data.preparing.splits import RULES

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
    preparing = _parser(partial(_add_preparing, layout))
    reading = _parser(add)
    parents = [places, preparing, reading, _parser(add_to_download)]
    options = argparse.ArgumentParser(description=description, parents=parents).parse_args(arguments)
    given = _given(options, preparing) | _given(options, reading)
    return finish(layout.name, options.out, lambda: _run(layout, options, origin, given))


def _parser(add: AddOptions) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(add_help=False)
    add(parser)
    return parser


def _add_places(layout: Layout, download: bool, parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--source", type=Path, help=f"folder or archive: {layout.expects}")
    parser.add_argument("--out", type=Path, required=True, help="new folder for the prepared data set")
    if download:
        parser.add_argument("--download", action="store_true", help="fetch the files first, into --source")


def _add_preparing(layout: Layout, parser: argparse.ArgumentParser) -> None:
    """The options of `prepare` besides the source and the new folder."""
    parser.add_argument("--size", type=int, default=224, help="height and width in pixels (224, as the paper)")
    parser.add_argument("--workers", type=int, help="processes (as many as there are cores)")
    parser.add_argument("--limit", type=int, help="keep so many images: for a quick try")
    parser.add_argument("--max-per-class", type=int, help="keep at most so many images of each class")
    words = "; ".join(f"{name}: {RULES[name]}" for name in layout.splits)
    parser.add_argument("--split", choices=layout.splits, help=f"{words} (the source's own, or {layout.splits[0]})")
    parser.add_argument("--seed", type=int, default=0, help="for the split, the limit and the cap")
    parser.add_argument("--overwrite", action="store_true", help="replace OUT if it is a prepared data set")


def _given(options: argparse.Namespace, parser: argparse.ArgumentParser) -> dict[str, object]:
    """The values of those options that a parser knows."""
    return {name: getattr(options, name) for name in vars(parser.parse_args([]))}


def _run(layout: Layout, options: argparse.Namespace, origin, given: dict[str, object]) -> Prepared:
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
        from carekit.data.download.data_set import fetch
    except ModuleNotFoundError as error:
        raise ImportError(f"{error.name} is needed to download: pip install 'carekit[data]'") from None
    files = fetch(origin, folder)
    return files[0] if files[0].suffix == ".npz" else folder


def finish(name: str, out: Path, make: Callable[[], Prepared]) -> int:
    """Make a data set, print a table of it, and return the exit status."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a cluster's way to stop: as Ctrl-C
    try:
        data = make()
    except (ValueError, OSError, ImportError) as error:
        print(f"{name}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"{name}: stopped; the same command resumes from here", file=sys.stderr)
        return 130
    print(table(data))
    print(f"Split: {data.facts['split']}.")
    if data.boxes.empty:
        print("There are no boxes to attend to: lessons 1 and 2 can be run, the others need boxes or lesion masks.")
    print(f"Next: make course DATA={out}")
    return 0


def table(data: Prepared) -> str:
    """Images for training and test, and images with a box, of each class."""
    train, test = data.split("train").counts(), data.split("test").counts()
    boxed = data.take(data.samples.image_id.isin(data.boxes.image_id).to_numpy()).counts()
    wide = max(8, *(len(name) + 2 for name in data.classes))  # characters of the first column
    lines = [f"{'class':<{wide}}{'train':>8}{'test':>8}{'boxes':>8}"]
    lines += [f"{name:<{wide}}{train[name]:>8}{test[name]:>8}{boxed[name]:>8}" for name in data.classes]
    sums = (sum(counts.values()) for counts in (train, test, boxed))
    return "\n".join([*lines, f"{'all':<{wide}}" + "".join(f"{n:>8}" for n in sums)])
