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
    if name in known:
        return name
    near = get_close_matches(str(name), known, n=2)
    hint = f"did you mean {' or '.join(map(repr, near))}? " if near else ""
    raise ValueError(f"{what} = {name!r} is unknown: {hint}choose one of {', '.join(known)}")
