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
    """Raise Broken for a busy server, and ValueError where an answer brings no file."""
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
    """Where in the file the bytes of an answer begin (-1 where that is not clear), and the length of the whole."""
    if answer.status_code == 200:
        length = answer.headers.get("Content-Length", "")
        return 0, int(length) if length.isdecimal() and not _encoded(answer) else None
    said = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", answer.headers.get("Content-Range", ""))
    return (int(said[1]), None if said[2] == "*" else int(said[2])) if said else (-1, None)


def version(answer: requests.Response) -> str:
    """What tells this version of the file from another: a strong ETag, or the date; empty where there is none."""
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
