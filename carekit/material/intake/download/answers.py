"""What the answer of a server says about the file that it sends, and which faults may pass."""

import re

import requests

PASSING = (408, 425, 429, 502, 503, 504)
ADVICE = {
    401: "it asks for an account: open it in a browser",
    403: "the server refuses: open it in a browser to see why, or try again later",
    404: "the publisher has moved or withdrawn the file: look for it on the page of the data set",
}


class Broken(Exception):
    """A fault that may pass: worth another attempt."""


def check_answer(url: str, answer: requests.Response) -> None:
    """Raise Broken for a busy server, and ValueError for an answer without a file."""
    code = answer.status_code
    if code in PASSING:
        raise Broken(f"the server answered {code} {answer.reason}")
    if code not in (200, 206):
        raise ValueError(f"{url} answered {code} {answer.reason}: {ADVICE.get(code, 'try again later')}")
    if answer.headers.get("Content-Type", "").startswith("text/html"):
        where = "" if answer.url == url else f" at {answer.url.split('?')[0]}"
        advice = "open it in a browser to see whether it asks to log in"
        raise ValueError(f"{url} leads to a web page{where}, not to the file: {advice}")


def extent(answer: requests.Response) -> tuple[int, int | None]:
    """The first byte that an answer sends (-1 if that is not clear), and the length of the whole file."""
    if answer.status_code == 200:
        length = answer.headers.get("Content-Length", "")
        return 0, int(length) if length.isdecimal() and not _encoded(answer) else None
    stated = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", answer.headers.get("Content-Range", ""))
    if not stated:
        return -1, None
    return int(stated[1]), None if stated[2] == "*" else int(stated[2])


def version(answer: requests.Response) -> str:
    """The name of this version of the file: a strong ETag, or the date; empty if the server gives none."""
    if _encoded(answer):
        return ""
    tag = answer.headers.get("ETag", "")
    return tag if tag.startswith('"') else answer.headers.get("Last-Modified", "")


def _encoded(answer: requests.Response) -> bool:
    return answer.headers.get("Content-Encoding", "identity") != "identity"


def may_pass(error: Exception) -> bool:
    """Whether another attempt may succeed."""
    kinds = (Broken, requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)
    return isinstance(error, kinds) and not isinstance(error, requests.exceptions.SSLError)


def reason(error: Exception) -> str:
    """What happened, in a few words."""
    if isinstance(error, Broken):
        return str(error)
    if isinstance(error, requests.Timeout) or "timed out" in str(error):
        return "the server does not answer"
    if "resol" in str(error):
        return "the name of the server is not found"
    return "the connection broke" if may_pass(error) else f"{type(error).__name__}: {error}"
