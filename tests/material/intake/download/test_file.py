"""Against a real server on this computer, which answers each request as a test says."""

import gzip
import hashlib
import json
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import numpy as np
import pytest

from carekit.material.intake.download import data_set, file
from carekit.material.intake.download.origins import Origin, Remote

BODY = np.random.default_rng(0).bytes(400_000)
OTHER = np.random.default_rng(1).bytes(400_000)
MD5, SIZE = "md5:" + hashlib.md5(BODY).hexdigest(), len(BODY)
CUT = 250_000
KEPT = CUT // file.BLOCK * file.BLOCK  # whole blocks


def whole(request, body=BODY, tag='"1"', cut=None, length=True, ranges=True, trust=False, status=None, **headers):
    """Send a body, or the part that is asked for: cut off after so many bytes, with a length that may be a lie."""
    start, asked = 0, request.headers.get("Range")
    if asked and ranges and (trust or request.headers["If-Range"] == tag):
        start = int(asked.removeprefix("bytes=").removesuffix("-"))
        if start >= len(body):
            request.send_response(416)
            request.end_headers()
            return
    request.send_response(status or (206 if start else 200))
    if start:
        request.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
    if tag:
        request.send_header("ETag", tag)
    if length:
        request.send_header("Content-Length", str(len(body) - start if length is True else length))
    for name, value in headers.items():
        request.send_header(name.replace("_", "-"), value)
    request.end_headers()
    sent = body[start:] if cut is None else body[start:cut]
    request.server.log[-1].sent = len(sent)
    request.wfile.write(sent)


def says(**options):
    return lambda request: whole(request, **options)


@pytest.fixture
def server():
    """log: the requests. answers: how to answer each, the last one for all that follow. files: per path instead."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            log, answers = self.server.log, self.server.answers
            log.append(SimpleNamespace(path=self.path, headers=dict(self.headers), sent=0))
            answer = self.server.files.get(self.path) or answers[min(len(log), len(answers)) - 1]
            try:
                answer(self)
            except ConnectionError:
                pass  # the client had enough

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.log, server.answers, server.files = [], [whole], {}
    server.url = f"http://127.0.0.1:{server.server_port}/"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def get(server, tmp_path):
    """Fetch one file; the lines that were said are in .said, the folder in .folder."""

    def get(name="a.zip", checksum=MD5, size=SIZE, url=None, waits=(0, 0), timeout=5.0):
        remote = Remote(url or server.url + name, name, checksum, size)
        origin = Origin("Some data", "CC BY 4.0", "Somebody (2020)", (remote,))
        return data_set.fetch(origin, get.folder, say=get.said.append, waits=waits, timeout=timeout)

    get.folder, get.said = tmp_path / "new" / "data", []
    get.names = lambda: sorted(path.name for path in get.folder.iterdir())
    return get


def assert_whole(get, body=BODY):
    assert (get.folder / "a.zip").read_bytes() == body
    assert get.names() == ["a.zip"]


def keep(get, server, bytes_kept=KEPT, **note):
    """What an earlier run left behind."""
    get.folder.mkdir(parents=True)
    (get.folder / ".a.zip.part").write_bytes(BODY[:bytes_kept])
    note = {"url": server.url + "a.zip", "version": '"1"', "length": SIZE} | note
    (get.folder / ".a.zip.part.json").write_text(json.dumps(note))


def test_a_file_is_fetched_and_checked(server, get):
    assert get() == [get.folder / "a.zip"]
    assert_whole(get)
    assert len(server.log) == 1 and "Range" not in server.log[0].headers
    assert "carekit" in server.log[0].headers["User-Agent"]


def test_licence_and_citation_and_size_are_shown_before_the_first_request(server, get):
    server.answers = [lambda request: (get.said.append("REQUEST"), whole(request))]
    get()
    first = "\n".join(get.said[: get.said.index("REQUEST")])
    for part in ("Some data", "CC BY 4.0", "Somebody (2020)", "1 file, 0.40 MB", server.url):
        assert part in first


def test_a_second_call_downloads_nothing(server, get):
    get()
    assert get() == [get.folder / "a.zip"]
    assert len(server.log) == 1
    assert "a.zip: is there already" in get.said


def test_a_wrong_file_in_the_folder_is_replaced(server, get):
    get.folder.mkdir(parents=True)
    (get.folder / "a.zip").write_bytes(OTHER)
    get()
    assert_whole(get)
    assert any("will be replaced" in line for line in get.said)


def test_a_wrong_file_stays_while_the_right_one_cannot_be_had(server, get):
    get.folder.mkdir(parents=True)
    (get.folder / "a.zip").write_bytes(OTHER)
    server.answers = [says(body=OTHER)]
    with pytest.raises(ValueError, match="a.zip has the checksum"):
        get()
    assert_whole(get, OTHER)


def test_a_broken_download_goes_on_with_the_rest(server, get):
    server.answers = [says(cut=CUT), whole]
    get()
    assert_whole(get)
    first, second = server.log
    assert "Range" not in first.headers
    assert second.headers["Range"] == f"bytes={KEPT}-" and second.headers["If-Range"] == '"1"'
    assert second.sent == SIZE - KEPT  # only the rest
    assert any("trying again" in line for line in get.said)


def test_it_goes_on_by_date_where_there_is_no_strong_etag(server, get):
    date = "Mon, 01 Jan 2024 00:00:00 GMT"
    server.answers = [says(cut=CUT, tag='W/"1"', Last_Modified=date), says(tag=date, Last_Modified=date)]
    get()
    assert_whole(get)
    assert server.log[1].headers["If-Range"] == date and server.log[1].sent == SIZE - KEPT


def test_it_starts_over_where_no_version_is_told(server, get):
    server.answers = [says(cut=CUT, tag=None), whole]
    get()
    assert_whole(get)
    assert "Range" not in server.log[1].headers


def test_a_line_that_breaks_always_is_given_up_and_goes_on_in_the_next_run(server, get):
    server.answers = [says(cut=CUT)]
    with pytest.raises(
        ConnectionError, match="a.zip could not be downloaded .*run again: what has come is kept"
    ) as error:
        get()
    assert "\n" not in str(error.value) and len(server.log) == 3
    assert get.names() == [".a.zip.part", ".a.zip.part.json"]
    server.answers = [whole]
    get()
    assert_whole(get)
    assert server.log[-1].headers["Range"] == f"bytes={KEPT}-"


def test_the_waits_are_kept_and_grow(server, get, monkeypatch):
    slept = []
    monkeypatch.setattr(time, "sleep", slept.append)
    server.answers = [says(cut=0)]
    with pytest.raises(ConnectionError):
        get(waits=(3, 5, 9))
    assert [wait for wait in slept if wait >= 1] == [3, 5, 9] and len(server.log) == 4
    assert len(file.WAITS) == 5 and list(file.WAITS) == sorted(set(file.WAITS))


def test_ctrl_c_keeps_what_has_come(server, get, monkeypatch):
    class Stopped:
        def __init__(self, **_):
            self.blocks = 0

        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        def update(self, _):
            self.blocks += 1
            if self.blocks == 3:
                raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(file, "tqdm", Stopped)
        with pytest.raises(KeyboardInterrupt):
            get()
    assert get.names() == [".a.zip.part", ".a.zip.part.json"]
    get()
    assert_whole(get)
    assert server.log[1].headers["Range"] == f"bytes={3 * file.BLOCK}-"


def test_ctrl_c_while_the_checksum_is_computed_loses_nothing(server, get, monkeypatch):
    def stop(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(file, "checksum", stop)
        with pytest.raises(KeyboardInterrupt):
            get()
    assert get.names() == [".a.zip.part", ".a.zip.part.json"]
    get()
    assert_whole(get)
    assert len(server.log) == 1


def test_a_server_that_ignores_ranges_is_read_from_the_start(server, get):
    server.answers = [says(cut=CUT), says(ranges=False)]
    get()
    assert_whole(get)
    assert "Range" in server.log[1].headers and server.log[1].sent == SIZE


@pytest.mark.parametrize("trust", [False, True])
def test_two_versions_of_a_file_are_never_mixed(server, get, trust):
    # trust: the server answers with the rest of the new file although the version is another one
    server.answers = [says(cut=CUT), says(body=OTHER, tag='"2"', trust=trust)]
    get(checksum=None)
    assert_whole(get, OTHER)
    assert server.log[1].headers["If-Range"] == '"1"'
    assert len(server.log) == (3 if trust else 2)


def test_the_rest_of_another_place_is_not_appended(server, get):
    def shifted(request):
        request.headers.replace_header("Range", f"bytes={KEPT + 10}-")
        whole(request)

    server.answers = [says(cut=CUT), shifted, whole]
    get()
    assert_whole(get)
    assert "Range" not in server.log[2].headers


def test_a_stop_before_the_first_byte_of_a_new_version_mixes_nothing(server, get, monkeypatch):
    keep(get, server)
    server.answers = [says(body=OTHER, tag='"2"')]

    def stop(**_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(file, "tqdm", stop)
        with pytest.raises(KeyboardInterrupt):
            get(checksum=None)
    get(checksum=None)
    assert_whole(get, OTHER)


def test_a_compressed_answer_is_unpacked_and_never_continued(server, get):
    packed = gzip.compress(BODY)
    server.answers = [says(body=packed, Content_Encoding="gzip", cut=n) for n in (CUT, None)]
    get(size=None)
    assert_whole(get)
    assert "Range" not in server.log[1].headers and server.log[1].headers["Accept-Encoding"] == "identity"


def test_parts_beside_a_file_that_is_whole_are_removed(server, get):
    keep(get, server)
    (get.folder / "a.zip").write_bytes(BODY)
    get()
    assert_whole(get)
    assert server.log == []


@pytest.mark.parametrize(
    "note",
    [{"url": "http://elsewhere/a.zip"}, {"version": ""}, {"version": '"0"'}, {"length": "x"}, None],
)
def test_a_kept_part_of_something_else_is_not_continued(server, get, note):
    keep(get, server, **(note or {}))
    (get.folder / ".a.zip.part").write_bytes(OTHER[:KEPT])
    if note is None:
        (get.folder / ".a.zip.part.json").write_text("[1, 2")
    if note == {"length": "x"}:
        (get.folder / ".a.zip.part").write_bytes(BODY[:KEPT])  # the right one: only the length is odd
    get()
    assert_whole(get)


def test_a_part_that_was_damaged_meanwhile_is_found_by_the_checksum_of_the_whole(server, get):
    keep(get, server)
    (get.folder / ".a.zip.part").write_bytes(bytes(KEPT))
    with pytest.raises(ValueError, match="a.zip has the checksum .* and was removed: run again"):
        get()
    get()
    assert_whole(get)
    assert [request.sent for request in server.log] == [SIZE - KEPT, SIZE]


def test_a_server_that_has_no_more_bytes_is_read_from_the_start(server, get):
    keep(get, server, SIZE, length=None)
    get()
    assert_whole(get)
    assert [request.sent for request in server.log] == [0, SIZE]


def test_a_part_that_is_whole_needs_no_request(server, get):
    keep(get, server, SIZE)
    get()
    assert_whole(get)
    assert server.log == []


def test_a_part_that_links_elsewhere_is_not_followed(server, get, tmp_path):
    keep(get, server)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(BODY[:KEPT])
    (get.folder / ".a.zip.part").unlink()
    (get.folder / ".a.zip.part").symlink_to(elsewhere)
    get()
    assert_whole(get)
    assert elsewhere.read_bytes() == BODY[:KEPT]


def test_an_answer_of_less_than_it_said_is_told(server, get):
    server.answers = [says(length=SIZE + 1000)]
    with pytest.raises(ConnectionError, match="could not be downloaded"):
        get(size=None)
    assert len(server.log) == 3 and not (get.folder / "a.zip").exists()


@pytest.mark.parametrize("length", [SIZE + 1000, SIZE - 1000])
def test_another_length_than_published_is_told_at_once(server, get, length):
    server.answers = [says(length=length)]
    with pytest.raises(ValueError, match=f"sends {length} bytes where {SIZE} bytes is published"):
        get()
    assert len(server.log) == 1 and get.names() == []


def test_an_endless_answer_is_stopped(server, get):
    def endless(request):
        whole(request, length=False, cut=0)
        while True:
            request.wfile.write(BODY)

    server.answers = [endless]
    with pytest.raises(ValueError, match=f"sends more than {SIZE} bytes"):
        get()
    assert get.names() == []


def test_an_endless_answer_of_unstated_size_is_stopped(server, get, monkeypatch):
    monkeypatch.setattr(file, "UNSTATED", 300_000)
    server.answers = [says(length=False)]
    with pytest.raises(ValueError, match="sends more than 300000 bytes"):
        get(size=None, checksum=None)
    assert get.names() == []


def test_a_short_answer_without_a_length_is_noticed_by_the_published_size(server, get):
    server.answers = [says(length=False, cut=CUT), whole]
    get()
    assert_whole(get)
    assert server.log[1].headers["Range"] == f"bytes={CUT}-"


def test_wrong_bytes_are_removed_and_told(server, get):
    server.answers = [says(body=OTHER)]
    with pytest.raises(ValueError) as error:
        get()
    for part in ("a.zip", MD5, hashlib.md5(OTHER).hexdigest(), "run again", "the publisher has changed the file"):
        assert part in str(error.value)
    assert "\n" not in str(error.value) and get.names() == []


def test_sha256_is_known_too(server, get):
    get(checksum="sha256:" + hashlib.sha256(BODY).hexdigest().upper())
    assert_whole(get)


@pytest.mark.parametrize(
    ("status", "advice"),
    [(401, "account"), (403, "browser"), (404, "page of the data set"), (500, "try again later")],
)
def test_a_refusal_is_one_sentence(server, get, status, advice):
    server.answers = [says(status=status)]
    with pytest.raises(ValueError, match=f"{server.url}a.zip answered {status} .*{advice}") as error:
        get()
    assert "\n" not in str(error.value)
    assert len(server.log) == 1 and get.names() == []


def test_a_busy_server_is_asked_again(server, get):
    server.answers = [says(status=503), says(status=429), whole]
    get()
    assert_whole(get)
    assert len(server.log) == 3


def test_a_refusal_keeps_what_has_come(server, get):
    keep(get, server)
    server.answers = [says(status=403, ranges=False), whole]
    with pytest.raises(ValueError, match="answered 403"):
        get()
    get()
    assert_whole(get)
    assert server.log[1].headers["Range"] == f"bytes={KEPT}-"


def _moved(target):
    def answer(request):
        request.send_response(302)
        request.send_header("Location", target)
        request.end_headers()

    return answer


def test_a_redirect_is_followed_with_the_range(server, get):
    keep(get, server)
    server.files = {"/a.zip": _moved("/store/xyz?signed=1")}
    get()
    assert_whole(get)
    assert [request.path for request in server.log] == ["/a.zip", "/store/xyz?signed=1"]
    assert server.log[1].sent == SIZE - KEPT


def test_a_redirect_to_a_login_page_is_told(server, get):
    page = says(body=b"<html>log in</html>", Content_Type="text/html; charset=utf-8")
    server.files = {"/a.zip": _moved("/login?next=a"), "/login?next=a": page}
    with pytest.raises(ValueError, match=f"leads to a web page at {server.url}login, .*log in"):
        get(checksum=None, size=None)
    assert get.names() == []


def test_endless_redirects_are_told(server, get):
    server.answers = [_moved("/a.zip")]
    with pytest.raises(ConnectionError, match="TooManyRedirects"):
        get()
    assert len(server.log) < 40


def test_a_redirect_that_leaves_the_web_is_refused(server, get, tmp_path):
    (tmp_path / "secret").write_bytes(BODY)
    server.answers = [_moved(f"file://{tmp_path}/secret")]
    with pytest.raises(ConnectionError, match="could not be downloaded"):
        get()
    assert len(server.log) == 1 and get.names() == []


@pytest.mark.parametrize("cut", [None, 0, CUT])
def test_a_silent_server_is_given_up(server, get, cut):
    done, began = threading.Event(), time.monotonic()

    def stall(request):
        if cut is not None:
            whole(request, cut=cut)
        done.wait(5)

    server.answers = [stall]
    try:
        with pytest.raises(ConnectionError, match="the server does not answer"):
            get(waits=(0,), timeout=0.1)
    finally:
        done.set()
    assert len(server.log) == 2 and time.monotonic() - began < 4


def test_a_server_whose_certificate_cannot_be_checked_is_not_asked_again(server, get):
    with pytest.raises(ConnectionError, match="SSLError"):
        get(url=server.url.replace("http:", "https:") + "a.zip")
    assert not any("trying again" in line for line in get.said)


def test_a_name_that_is_not_found_is_one_sentence(get, monkeypatch):
    def unknown(*_, **__):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr("socket.getaddrinfo", unknown)
    with pytest.raises(ConnectionError, match="http://nowhere.invalid/a.zip could not be downloaded") as error:
        get(url="http://nowhere.invalid/a.zip")
    assert "the name of the server is not found" in str(error.value) and "\n" not in str(error.value)
    assert sum("trying again" in line for line in get.said) == 2


def test_where_no_checksum_is_published_the_one_found_is_told(server, get):
    found = "sha256:" + hashlib.sha256(BODY).hexdigest()
    for _ in range(2):
        get.said.clear()
        get(checksum=None)
        assert any("states no checksum" in line and found in line for line in get.said)
    assert len(server.log) == 1


def test_a_file_of_another_size_without_checksum_is_not_overwritten(server, get):
    get.folder.mkdir(parents=True)
    (get.folder / "a.zip").write_bytes(b"mine")
    with pytest.raises(ValueError, match="has 4 bytes where 400000 are published: remove it"):
        get(checksum=None)
    assert (get.folder / "a.zip").read_bytes() == b"mine" and server.log == []


@pytest.mark.parametrize("name", ["", "..", ".hidden", "../a", "b/a", "/a", "b\\a", "C:a", "a\n"])
def test_a_name_that_is_not_plain_is_refused(server, get, name):
    with pytest.raises(ValueError, match="not a plain file name"):
        get(name, url=server.url)
    assert server.log == [] and not get.folder.exists()


@pytest.mark.parametrize("url", ["file:///etc/hosts", "ftp://127.0.0.1/a", "/etc/hosts", "doi:10.5281/zenodo.1/a"])
def test_only_the_web_is_read(get, url):
    with pytest.raises(ValueError, match="must start with https:// or http://"):
        get(url=url)


def test_an_odd_checksum_is_refused(get):
    with pytest.raises(ValueError, match="must be md5: or sha256:"):
        get(checksum="md5:123")


def test_a_disk_that_is_too_small_is_told_before_the_first_request(server, get, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=SIZE - KEPT - 1))
    keep(get, server, KEPT)
    with pytest.raises(OSError, match="MB free and .* are needed"):
        get()
    assert server.log == []
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=SIZE - KEPT))
    get()
    assert_whole(get)


def test_several_files_come_in_order_and_only_what_is_missing(server, tmp_path):
    files = tuple(Remote(server.url + name, name, MD5, SIZE) for name in ("b", "a", "c"))
    (tmp_path / "a").write_bytes(BODY)
    said = []
    paths = data_set.fetch(Origin("t", "l", "c", files), tmp_path, say=said.append)
    assert [path.name for path in paths] == ["b", "a", "c"]
    assert [request.path for request in server.log] == ["/b", "/c"]
    assert any("3 files, 1.20 MB" in line for line in said)
