"""Names that people type: the right one, or a sentence with the nearest."""

import errno
import re
import unicodedata
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

FULL = (errno.ENOSPC, errno.EDQUOT)  # what a disk says, or a quota
LONGEST_NAME = 255  # of a file, on most systems
LONGEST_LINE = 4000  # letters that a terminal is shown of a line
_END = 200  # and of its end
_FIELD = re.compile(r"\{0\.(\w+)(![r]|:g)?\}")
_TURNS = {*map(chr, range(0x202A, 0x202F)), *map(chr, range(0x2066, 0x206A))}  # what turns the direction of writing


def one_of(what: str, name: str, allowed: Iterable[str]) -> str:
    """Return `name` if it is one of the `allowed` names.

    Args:
        what: what the name is of, as the user knows it: "backbone", "gradient_of".
        name: the name that was given.
        allowed: all names that there are.

    Raises:
        ValueError: for another name, with the nearest ones.
    """
    known = list(allowed)
    if name not in known:
        raise ValueError(f"{what} = {name!r} is unknown: {nearest(name, known)}choose one of {', '.join(known)}")
    return name


def nearest(name: str, allowed: Iterable[str]) -> str:
    """The question whether a similar name was meant, with a blank behind it; nothing where no name is similar."""
    found = similar(str(name), allowed, 2)
    return f"did you mean {' or '.join(map(repr, found))}? " if found else ""


def similar(name: str, allowed: Iterable[str], most: int = 1) -> list[str]:
    """The similar names, the nearest first. One longer than a file's has none: to compare it takes minutes."""
    return get_close_matches(name, list(allowed), n=most) if len(name) <= LONGEST_NAME else []


def about_row(sentence: str, row: Any) -> str:
    """A sentence with the values of a row: "{0.image_id}", "{0.image_id!r}" or "{0.x0:g}" stands for one of them.

    Unlike `str.format`, whatever else has braces stays as it is: names from outside may be part of the sentence.
    """

    def value(found: re.Match[str]) -> str:
        name, form = found.groups()
        if not hasattr(row, name):
            return found[0]
        part = getattr(row, name)
        return repr(part) if form == "!r" else f"{part:g}" if form == ":g" else str(part)

    return _FIELD.sub(value, sentence)


def is_plain(text: str) -> bool:
    """Whether a text has no control character and none that turns the direction of writing."""
    return not any(unicodedata.category(letter) in ("Cc", "Cs") or letter in _TURNS for letter in text)


def printable(text: str) -> str:
    """A text from outside as a terminal may show it: what is not `is_plain` in it stands as Python writes it, "\\x1b".

    Lines and tabs stay; of a line that somebody made endless its ends are shown, as what is wrong stands in the last.
    """
    lines = (
        line if len(line) <= LONGEST_LINE else f"{line[:-_END][:LONGEST_LINE]}...{line[-_END:]} ({len(line)} letters)"
        for line in text.split("\n")
    )
    return "".join(
        letter if letter in "\n\t" or is_plain(letter) else letter.encode("unicode_escape").decode("ascii")
        for letter in "\n".join(lines)
    )


def sentence(error: Exception, program: str = "carekit") -> str:
    """An error in one line, as a program tells it: of a full disk, too, what to do."""
    if not isinstance(error, OSError) or error.errno not in FULL:
        return printable(f"{program}: {error}")
    place = f" (it was writing {error.filename})" if error.filename else ""
    return printable(f"{program}: the disk is full{place}: make room, and the same command goes on from there")
