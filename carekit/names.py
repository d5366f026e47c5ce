"""Names that people type: the right one, or a sentence with the nearest."""

from collections.abc import Iterable
from difflib import get_close_matches


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
    near = get_close_matches(str(name), list(allowed), n=2)
    return f"did you mean {' or '.join(map(repr, near))}? " if near else ""
