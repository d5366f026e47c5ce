"""A downloader for pooch that goes on where a download broke off, in a later run too."""

import json
import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pooch
import requests
from tqdm import tqdm

from carekit.data.origins import Remote

WAITS = (1.0, 2.0, 4.0, 8.0, 16.0)  # seconds before each further attempt
TIMEOUT = 60.0  # seconds without a byte
BLOCK = 2**16
UNSTATED = 2**34  # bytes that are taken where neither the publisher nor the server states a size
# Some servers refuse a client that does not say who it is; the bytes of a compressed answer could not be counted.
HEADERS = {"User-Agent": "carekit (public data sets for teaching)", "Accept-Encoding": "identity"}
PASSING = (408, 425, 429, 502, 503, 504)
ADVICE = {
    401: "it asks for an account: open it in a browser",
    403: "the server refuses: open it in a browser to see why, or try again later",
    404: "the publisher has moved or withdrawn the file: look for it on the page of the data set",
}


class Broken(Exception):
    """A fault that may pass: worth another attempt."""


def digest(path: Path, like: str) -> str:
    """The checksum of a file, of the same kind and form as another: "md5:..." or "sha256:..."."""
    kind = like.split(":")[0]
    return f"{kind}:{pooch.file_hash(str(path), alg=kind)}"


class Resuming:
    """Downloads one file into `.NAME.part` in the folder, and hands it to pooch when it is whole and right.

    What has come stays there, beside a note of which version of the file it is, until forget(). waits: seconds before
    each further attempt on a broken connection; timeout: seconds. Called by pooch, it raises ValueError for what the
    server should not have sent, and ConnectionError.
    """

    def __init__(
        self,
        remote: Remote,
        folder: Path,
        say: Callable[[str], object] = print,
        waits: Sequence[float] = WAITS,
        timeout: float = TIMEOUT,
    ):
        self.remote, self.say, self.waits, self.timeout = remote, say, waits, timeout
        self.part = folder / f".{remote.name}.part"
        self.note = folder / f".{remote.name}.part.json"

    def __call__(self, url: str, output_file: str, _pooch: object) -> None:
        for wait in (*self.waits, None):
            try:
                self._attempt(url)
                break
            except (Broken, requests.RequestException) as error:
                what = _reason(error)
                if wait is None or not _passes(error):
                    again = "check the connection and run again: what has come is kept"
                    raise ConnectionError(f"{url} could not be downloaded ({what}): {again}") from None
            self.say(f"{self.remote.name}: {what}; trying again in {wait:g} s")
            time.sleep(wait)
        self._verify()
        Path(output_file).unlink()
        try:
            Path(output_file).hardlink_to(self.part)  # pooch removes its own file when it is stopped: not this one
        except OSError:
            self.part.replace(output_file)

    def forget(self) -> None:
        """Remove what is kept."""
        self.part.unlink(missing_ok=True)
        self.note.unlink(missing_ok=True)

    def _verify(self) -> None:
        wanted, name = self.remote.checksum, self.remote.name
        if wanted is not None and (got := digest(self.part, wanted)) != wanted.lower():
            self.forget()
            again = "run again, and if that does not help, the publisher has changed the file"
            raise ValueError(f"{name} has the checksum {got} where {wanted} is published, and was removed: {again}")

    def _kept(self, url: str) -> tuple[int, dict]:
        """How many bytes have come, and the note; nothing where they cannot be continued."""
        try:
            note, have = json.loads(self.note.read_text(encoding="utf-8")), self.part.stat().st_size
            if have and note["url"] == url and note["mark"] and not self.part.is_symlink():
                return have, note
        except (OSError, ValueError, LookupError, TypeError):
            pass
        self.forget()
        return 0, {}

    def _attempt(self, url: str) -> None:
        have, note = self._kept(url)
        if have and have == note.get("length"):
            return
        resume = {"Range": f"bytes={have}-", "If-Range": note["mark"]} if have else {}
        patience = (min(10.0, self.timeout), self.timeout)
        with requests.get(url, headers=HEADERS | resume, stream=True, timeout=patience) as answer:
            self._check(url, answer)
            start, length = _extent(answer)
            if start and (start != have or _mark(answer) != note["mark"]):  # a server may not know If-Range
                self.forget()
                raise Broken("the file has changed meanwhile, so it is fetched from the beginning")
            if None not in (length, self.remote.size) and length != self.remote.size:
                self._refuse(url, f"{length} bytes")
            if not start:
                self.forget()
                about = {"url": url, "mark": _mark(answer), "length": length}
                self.note.write_text(json.dumps(about), encoding="utf-8")
            self._write(url, answer, start, self.remote.size if length is None else length)

    def _check(self, url: str, answer: requests.Response) -> None:
        code = answer.status_code
        if code == 416:
            self.forget()
            raise Broken("the server has no more bytes, so it is fetched from the beginning")
        if code in PASSING:
            raise Broken(f"the server answered {code} {answer.reason}")
        if code not in (200, 206):
            raise ValueError(f"{url} answered {code} {answer.reason}: {ADVICE.get(code, 'try again later')}")
        if answer.headers.get("Content-Type", "").startswith("text/html"):
            where = "" if answer.url == url else f" at {answer.url.split('?')[0]}"
            advice = "open it in a browser to see whether it asks to log in"
            raise ValueError(f"{url} leads to a web page{where}, not to the file: {advice}")

    def _write(self, url: str, answer: requests.Response, have: int, total: int | None) -> None:
        bar = tqdm(total=total, initial=have, unit="B", unit_scale=True, desc=self.remote.name, disable=None)
        most = UNSTATED if total is None else total
        with open(self.part, "ab" if have else "wb") as file, bar:
            for block in answer.iter_content(BLOCK):
                have += len(block)
                if have > most:
                    break
                file.write(block)
                bar.update(len(block))
        if have > most:
            self._refuse(url, f"more than {most} bytes")
        if total is not None and have < total:
            raise Broken(f"the connection ended after {have} of {total} bytes")

    def _refuse(self, url: str, sent: str) -> None:
        self.forget()
        wanted = "no size" if self.remote.size is None else f"{self.remote.size} bytes"
        advice = "the publisher has changed the file: look at the page of the data set"
        raise ValueError(f"{url} sends {sent} where {wanted} is published: {advice}")


def _encoded(answer: requests.Response) -> bool:
    return answer.headers.get("Content-Encoding", "identity") != "identity"


def _extent(answer: requests.Response) -> tuple[int, int | None]:
    """Where in the file the bytes of an answer begin (-1 where that is not clear), and the length of the whole."""
    if answer.status_code == 200:
        length = answer.headers.get("Content-Length", "")
        return 0, int(length) if length.isdecimal() and not _encoded(answer) else None
    said = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", answer.headers.get("Content-Range", ""))
    return (int(said[1]), None if said[2] == "*" else int(said[2])) if said else (-1, None)


def _mark(answer: requests.Response) -> str:
    """What tells this version of the file from another: a strong ETag, or the date; empty where there is none."""
    tag = answer.headers.get("ETag", "")
    return "" if _encoded(answer) else tag if tag.startswith('"') else answer.headers.get("Last-Modified", "")


def _passes(error: Exception) -> bool:
    kinds = (Broken, requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)
    return isinstance(error, kinds) and not isinstance(error, requests.exceptions.SSLError)


def _reason(error: Exception) -> str:
    if isinstance(error, Broken):
        return str(error)
    if isinstance(error, requests.Timeout) or "timed out" in str(error):
        return "the server does not answer"
    if "resol" in str(error):
        return "the name of the server is not found"
    return "the connection broke" if _passes(error) else f"{type(error).__name__}: {error}"
