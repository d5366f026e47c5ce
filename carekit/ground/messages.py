"""Sentences for the user: unknown names with the nearest ones, errors, and text from outside for a terminal."""

import errno
import re
import unicodedata
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from typing import Any

FULL = (errno.ENOSPC, errno.EDQUOT)  # the disk or the quota is full
LONGEST_NAME = 255  # of a file, on most systems
LONGEST_LINE = 4000  # letters of a line that a terminal is shown
_END = 200  # of which the last come from its end
_FIELD = re.compile(r"\{0\.(\w+)(![r]|:g)?\}")
_TURNS = {*map(chr, range(0x202A, 0x202F)), *map(chr, range(0x2066, 0x206A))}  # they turn the direction of writing

_FORMS: dict[str | None, Callable[[Any], str]] = {None: str, "!r": repr, ":g": lambda number: f"{number:g}"}


class Refusal(Exception):
    """A command cannot go on; the message is a sentence for the user."""


def one_of(what: str, name: str, allowed: Iterable[str]) -> str:
    """Return `name` if it is one of the `allowed` names.

    Args:
        what: the user's word for the setting: "backbone", "gradient_of".
        name: the given name.
        allowed: all names that exist.

    Raises:
        ValueError: for another name, with the nearest ones.
    """
    names = list(allowed)
    if name not in names:
        raise ValueError(f"{what} = {name!r} is unknown: {nearest(name, names)}choose one of {', '.join(names)}")
    return name


def nearest(name: str, allowed: Iterable[str]) -> str:
    """A question with the similar names, "did you mean 'a'? "; empty if no name is similar."""
    names = similar(str(name), allowed, 2)
    if not names:
        return ""
    return f"did you mean {' or '.join(map(repr, names))}? "


def similar(name: str, allowed: Iterable[str], most: int = 1) -> list[str]:
    """The similar names, the nearest first; none for a name longer than a file's: to compare it takes minutes."""
    if len(name) > LONGEST_NAME:
        return []
    return get_close_matches(name, list(allowed), n=most)


def about_row(sentence: str, row: Any) -> str:
    """A sentence with the values of a row in place of "{0.image_id}", "{0.image_id!r}" or "{0.x0:g}".

    Unlike `str.format`, other braces stay as they are: names from outside may be part of the sentence.
    """

    def value(field: re.Match[str]) -> str:
        name, form = field.groups()
        if not hasattr(row, name):
            return field[0]
        return _FORMS[form](getattr(row, name))

    return _FIELD.sub(value, sentence)


def is_plain(text: str) -> bool:
    """Whether a text has no control character and none that turns the direction of writing."""
    return not any(unicodedata.category(letter) in ("Cc", "Cs") or letter in _TURNS for letter in text)


def printable(text: str) -> str:
    """A text from outside in a form that is harmless in a terminal: letters that are not `is_plain` as "\\x1b".

    Line ends and tabs stay. Of a very long line the beginning and the end are shown: the error is at the end.
    """
    shown = []
    for line in text.split("\n"):
        if len(line) > LONGEST_LINE:
            line = f"{line[:-_END][:LONGEST_LINE]}...{line[-_END:]} ({len(line)} letters)"
        for letter in line:
            harmless = letter == "\t" or is_plain(letter)
            shown.append(letter if harmless else letter.encode("unicode_escape").decode("ascii"))
        shown.append("\n")
    return "".join(shown[:-1])


def sentence(error: Exception, program: str = "carekit") -> str:
    """An error in one line, with the program's name; for a full disk, also what to do."""
    if not isinstance(error, OSError) or error.errno not in FULL:
        return printable(f"{program}: {error}")
    place = f" (it was writing {error.filename})" if error.filename else ""
    return printable(f"{program}: the disk is full{place}: make room, and the same command goes on from there")
