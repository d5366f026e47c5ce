"""Download one file of a public data set: resumed where it stopped, in a later run too, and checked when whole."""

import json
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pooch
import requests
from tqdm import tqdm

from carekit.material.intake.download.answers import Broken, check_answer, extent, may_pass, reason, version
from carekit.material.intake.download.origins import Remote

WAITS = (1.0, 2.0, 4.0, 8.0, 16.0)  # seconds before each further attempt
TIMEOUT = 60.0  # seconds without a byte
BLOCK = 2**16
UNSTATED = 2**34  # bytes that are taken if neither the publisher nor the server states a size
# Some servers refuse a client without a name; the bytes of a compressed answer could not be counted.
HEADERS = {"User-Agent": "carekit (public data sets for teaching)", "Accept-Encoding": "identity"}


def checksum(path: Path, like: str) -> str:
    """The checksum of a file, of the same kind and form as another: "md5:..." or "sha256:..."."""
    kind = like.split(":")[0]
    return f"{kind}:{pooch.file_hash(str(path), alg=kind)}"


class Download:
    """One file on its way into a folder, where it appears under its name only when it is whole and right.

    The bytes received so far are kept as `.NAME.part`. A note next to it says which version of the file they belong
    to, so that a later run asks the server for the rest of that version only.

    Args:
        remote: the file.
        folder: where it is put.
        say: takes lines for people.
        waits: seconds before each further attempt on a broken connection.
        timeout: seconds without a byte.
    """

    def __init__(
        self,
        remote: Remote,
        folder: Path,
        say: Callable[[str], object] = print,
        waits: Sequence[float] = WAITS,
        timeout: float = TIMEOUT,
    ):
        self.remote = remote
        self.path = folder / remote.name
        self.part = folder / f".{remote.name}.part"
        self.note = folder / f".{remote.name}.part.json"
        self.say = say
        self.waits = waits
        self.timeout = timeout

    def is_there(self) -> bool:
        """Whether the file is in the folder, whole and right. Raises ValueError for one of another size."""
        name, published, size = self.remote[1:]
        if not self.path.exists():
            return False
        length = self.path.stat().st_size
        if published is None and size is not None and size != length:
            raise ValueError(f"{self.path} has {length} bytes where {size} are published: remove it and run again")
        if published is not None and checksum(self.path, published) != published.lower():
            self.say(f"{name}: is there with another checksum than the published one, and will be replaced")
            return False
        self.say(f"{name}: is there already")
        self._finish()
        return True

    def bytes_left(self) -> int:
        """How many bytes are still to come; 0 if the publisher states no size."""
        if self.remote.size is None:
            return 0
        return self.remote.size - (self.part.stat().st_size if self.part.exists() else 0)

    def fetch(self) -> None:
        """Bring the file into the folder.

        Raises:
            ConnectionError: if the connection broke at every attempt.
            ValueError: for what the server should not have sent.
        """
        url, name, published, _ = self.remote
        self.say(f"{name}: from {url}")
        for wait in (*self.waits, None):
            try:
                self._attempt()
                break
            except (Broken, requests.RequestException) as error:
                what = reason(error)
                if wait is None or not may_pass(error):
                    again = "check the connection and run again: what has come is kept"
                    raise ConnectionError(f"{url} could not be downloaded ({what}): {again}") from None
            self.say(f"{name}: {what}; trying again in {wait:g} s")
            time.sleep(wait)
        if published is not None and (got := checksum(self.part, published)) != published.lower():
            self._forget()
            again = "run again, and if that does not help, the publisher has changed the file"
            raise ValueError(f"{name} has the checksum {got} where {published} is published, and was removed: {again}")
        os.replace(self.part, self.path)
        self._finish()

    def _finish(self) -> None:
        self._forget()
        if self.remote.checksum is None:
            own = checksum(self.path, "sha256:")
            self.say(f"{self.remote.name}: the publisher states no checksum; this file has {own}")

    def _forget(self) -> None:
        """Remove what is kept of an unfinished download."""
        self.part.unlink(missing_ok=True)
        self.note.unlink(missing_ok=True)

    def _kept(self) -> tuple[int, dict]:
        """How many bytes are kept, and the note on their version; 0 and {} if they cannot be continued."""
        try:
            note = json.loads(self.note.read_text(encoding="utf-8"))
            if note["url"] == self.remote.url and note["version"] and not self.part.is_symlink():
                return self.part.stat().st_size, note
        except (OSError, ValueError, LookupError, TypeError, RecursionError):
            pass  # a note that cannot be read is as good as none
        self._forget()
        return 0, {}

    def _attempt(self) -> None:
        """Ask for what is missing, and append it. Raises Broken for a fault that may pass."""
        url, size = self.remote.url, self.remote.size
        have, note = self._kept()
        if have and have == note.get("length"):
            return
        # If-Range: a server that now has another version sends all of it, not the rest.
        resume = {"Range": f"bytes={have}-", "If-Range": note["version"]} if have else {}
        patience = (min(10.0, self.timeout), self.timeout)
        with requests.get(url, headers=HEADERS | resume, stream=True, timeout=patience) as answer:
            if answer.status_code == 416:
                self._forget()
                raise Broken("the server has no more bytes, so it is fetched from the beginning")
            check_answer(url, answer)
            start, length = extent(answer)
            if start and (start != have or version(answer) != note["version"]):  # a server may not know If-Range
                self._forget()
                raise Broken("the file has changed since then, so it is fetched from the beginning")
            if None not in (length, size) and length != size:
                self._refuse(f"{length} bytes")
            if not start:
                self._forget()
                note = {"url": url, "version": version(answer), "length": length}
                self.note.write_text(json.dumps(note), encoding="utf-8")
            self._append(answer, start, size if length is None else length)

    def _append(self, answer: requests.Response, have: int, total: int | None) -> None:
        bar = tqdm(total=total, initial=have, unit="B", unit_scale=True, desc=self.remote.name, disable=None)
        most = UNSTATED if total is None else total
        with open(self.part, "ab" if have else "wb") as file, bar:
            for block in answer.iter_content(BLOCK):
                have += len(block)
                if have > most:
                    self._refuse(f"more than {most} bytes")
                file.write(block)
                bar.update(len(block))
        if total is not None and have < total:
            raise Broken(f"the connection ended after {have} of {total} bytes")

    def _refuse(self, sent: str) -> None:
        """Remove what has come and raise ValueError: the server sends another file than the published one."""
        self._forget()
        wanted = "no size" if self.remote.size is None else f"{self.remote.size} bytes"
        advice = "the publisher has changed the file: look at the page of the data set"
        raise ValueError(f"{self.remote.url} sends {sent} where {wanted} is published: {advice}")
