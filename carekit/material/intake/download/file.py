"""One file of a public data set: downloaded, resumed where it broke off, in a later run too, and checked."""

import hashlib
import json
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO

import pooch
import requests
from tqdm import tqdm

from carekit.material.intake.download.answers import Broken, check_answer, extent, may_pass, reason, version
from carekit.material.intake.download.origins import Remote

WAITS = (1.0, 2.0, 4.0, 8.0, 16.0)  # seconds before each further attempt
TIMEOUT = 60.0  # seconds without a byte
BLOCK = 2**16
NOTED = 2**26  # bytes after which what has arrived is noted
UNSTATED = 2**34  # bytes that are taken where neither the publisher nor the server states a size
# Some servers refuse a client that does not say who it is; the bytes of a compressed answer could not be counted.
HEADERS = {"User-Agent": "carekit (public data sets for teaching)", "Accept-Encoding": "identity"}


def checksum(path: Path, like: str) -> str:
    """The checksum of a file, of the same kind and form as another: "md5:..." or "sha256:..."."""
    kind = like.split(":")[0]
    return f"{kind}:{pooch.file_hash(str(path), alg=kind)}"


class Download:
    """One file on its way into a folder, where it appears under its name only when it is whole and right.

    What has arrived is kept as `.NAME.part`, and next to it a note of which version of the file it is, and how many
    bytes are on the disk with which checksum: only from there on is it continued, since a power cut may leave others.

    Args:
        remote: the file.
        folder: where it goes.
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
        found = self.path.stat().st_size
        if published is None and size is not None and size != found:
            raise ValueError(f"{self.path} has {found} bytes where {size} are published: remove it and run again")
        if published is not None and checksum(self.path, published) != published.lower():
            self.say(f"{name}: is there with another checksum than the published one, and will be replaced")
            return False
        self.say(f"{name}: is there already")
        self._finish()
        return True

    def bytes_left(self) -> int:
        """How many bytes are still to come; 0 where the publisher states no size."""
        kept = self.part.stat().st_size if self.part.exists() else 0
        return 0 if self.remote.size is None else self.remote.size - kept

    def fetch(self) -> None:
        """Bring the file into the folder.

        Raises:
            ConnectionError: where the connection broke at every attempt.
            ValueError: for what the server should not have sent.
        """
        url, name, published, _ = self.remote
        self.say(f"{name}: from {url}")
        pooch.get_logger().setLevel("WARNING")  # what it has to say is said here
        pooch.retrieve(url, published, fname=name, path=self.path.parent, downloader=self._deliver)
        self._finish()

    def _finish(self) -> None:
        self._forget()
        if self.remote.checksum is None:
            found = checksum(self.path, "sha256:")
            self.say(f"{self.remote.name}: the publisher states no checksum; this file has {found}")

    def _deliver(self, url: str, output_file: str, _pooch: object) -> None:
        """Called by pooch: put the whole file where it says."""
        self._download(url)
        self._verify()
        Path(output_file).unlink()
        try:
            Path(output_file).hardlink_to(self.part)  # pooch removes its own file when it is stopped: not this one
        except OSError:
            self.part.replace(output_file)

    def _download(self, url: str) -> None:
        for wait in (*self.waits, None):
            try:
                return self._attempt(url)
            except (Broken, requests.RequestException) as error:
                what = reason(error)
                if wait is None or not may_pass(error):
                    again = "check the connection and run again: what has come is kept"
                    raise ConnectionError(f"{url} could not be downloaded ({what}): {again}") from None
            self.say(f"{self.remote.name}: {what}; trying again in {wait:g} s")
            time.sleep(wait)

    def _verify(self) -> None:
        wanted, name = self.remote.checksum, self.remote.name
        if wanted is not None and (got := checksum(self.part, wanted)) != wanted.lower():
            self._forget()
            again = "run again, and if that does not help, the publisher has changed the file"
            raise ValueError(f"{name} has the checksum {got} where {wanted} is published, and was removed: {again}")

    def _forget(self) -> None:
        """Remove what is kept."""
        for file in (self.part, self.note, self.note.with_suffix(".new")):
            file.unlink(missing_ok=True)

    def _kept(self, url: str) -> tuple[int, dict]:
        """How many bytes have arrived, and the note; nothing where they cannot be continued."""
        try:
            note = json.loads(self.note.read_text(encoding="utf-8"))
            have = note["have"]
            if have and note["url"] == url and note["mark"] and not self.part.is_symlink():
                if self._hash_of(have).hexdigest() == note["sum"]:
                    os.truncate(self.part, have)
                    return have, note
        except (OSError, ValueError, LookupError, TypeError, RecursionError):
            pass
        self._forget()
        return 0, {}

    def _hash_of(self, length: int) -> "hashlib._Hash":
        """The hash of the first bytes that have arrived. Raises ValueError where there are fewer."""
        digest, left = hashlib.sha256(), length
        with open(self.part, "rb") as file:
            while left and (block := file.read(min(left, 2**20))):
                digest.update(block)
                left -= len(block)
        if left:
            raise ValueError(f"{self.part} is shorter than its note says")
        return digest

    def _note(self, about: dict) -> None:
        """Write the note, whole or not at all."""
        new = self.note.with_suffix(".new")
        new.write_text(json.dumps(about), encoding="utf-8")
        os.replace(new, self.note)

    def _attempt(self, url: str) -> None:
        have, note = self._kept(url)
        if have and have == note.get("length"):
            return
        resume = {"Range": f"bytes={have}-", "If-Range": note["mark"]} if have else {}
        patience = (min(10.0, self.timeout), self.timeout)
        with requests.get(url, headers=HEADERS | resume, stream=True, timeout=patience) as answer:
            if answer.status_code == 416:
                self._forget()
                raise Broken("the server has no more bytes, so it is fetched from the beginning")
            check_answer(url, answer)
            start, length = extent(answer)
            if start and (start != have or version(answer) != note["mark"]):  # a server may not know If-Range
                self._forget()
                raise Broken("the file has changed since then, so it is fetched from the beginning")
            if None not in (length, self.remote.size) and length != self.remote.size:
                self._refuse(url, f"{length} bytes")
            if not start:
                self._forget()
                note = {"url": url, "mark": version(answer), "length": length}
            self._write(url, answer, start, self.remote.size if length is None else length, note)

    def _write(self, url: str, answer: requests.Response, have: int, total: int | None, note: dict) -> None:
        bar = tqdm(total=total, initial=have, unit="B", unit_scale=True, desc=self.remote.name, disable=None)
        most = UNSTATED if total is None else total
        with open(self.part, "ab" if have else "wb") as file, bar:
            digest, noted = self._hash_of(have), have
            try:
                for block in answer.iter_content(BLOCK):
                    if have + len(block) > most:
                        have += len(block)
                        break
                    file.write(block)
                    have += len(block)
                    digest.update(block)
                    bar.update(len(block))
                    if have - noted >= NOTED:
                        self._sync(file, note, have, digest)
                        noted = have
            finally:
                if have <= most:
                    self._sync(file, note, have, digest)
        if have > most:
            self._refuse(url, f"more than {most} bytes")
        if total is not None and have < total:
            raise Broken(f"the connection ended after {have} of {total} bytes")

    def _sync(self, file: BinaryIO, note: dict, have: int, digest: "hashlib._Hash") -> None:
        """Bring what has arrived onto the disk, and then say so in the note."""
        file.flush()
        os.fsync(file.fileno())
        self._note(note | {"have": have, "sum": digest.hexdigest()})

    def _refuse(self, url: str, sent: str) -> None:
        self._forget()
        wanted = "no size" if self.remote.size is None else f"{self.remote.size} bytes"
        advice = "the publisher has changed the file: look at the page of the data set"
        raise ValueError(f"{url} sends {sent} where {wanted} is published: {advice}")
