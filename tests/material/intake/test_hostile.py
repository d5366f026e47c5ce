"""Raw sources and prepared sets that somebody made to do harm: bounded memory and time, and one sentence."""

import io
import json
import os
import pickle
import tracemalloc
import zipfile
import zlib
from contextlib import contextmanager

import numpy as np
import pytest
from PIL import Image

from carekit.__main__ import main
from carekit.data.prepared import Prepared
from carekit.material.drawing import skin
from carekit.material.intake.doctor.examine import examine
from carekit.material.intake.layouts.own import OWN
from carekit.material.intake.preparing.prepare import prepare
from carekit.material.intake.sources import archive, arrays, open_source
from carekit.material.intake.sources.decoding import decode_image

posix = pytest.mark.skipif(os.name != "posix", reason="pipes and links of POSIX")


@contextmanager
def at_most(megabytes):
    """The peak of what Python allocates meanwhile."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < megabytes << 20
    finally:
        tracemalloc.stop()


def _raw(folder, names="xyz"):
    """Twelve images of three classes with a table."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    rows = ["image,label"]
    for i in range(12):
        Image.fromarray(rng.integers(0, 256, (16, 16, 3), dtype=np.uint8)).save(folder / f"a{i}.png")
        rows.append(f"a{i}.png,{names[i % 3]}")
    (folder / "labels.csv").write_text("\n".join(rows), encoding="utf-8")
    return folder


# ---- raw: what is no file


@posix
@pytest.mark.parametrize("name", ["a0.png", "labels.csv", "x.zip", "deeper/pipe"])
def test_a_pipe_is_not_waited_for(name, tmp_path):
    folder = _raw(tmp_path / "raw")
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).unlink(missing_ok=True)
    os.mkfifo(folder / name)
    with pytest.raises(ValueError, match=f"{name} is a pipe or a device and no file: remove it"):
        prepare(OWN, folder, tmp_path / "out", 16, workers=1)
    (finding,) = [found for found in examine(folder, 1).findings if found.level == "error"]
    assert "is a pipe or a device" in finding.text


@posix
@pytest.mark.parametrize("name", ["source.zip", "source.npz"])
def test_a_pipe_in_place_of_an_archive_is_not_waited_for(name, tmp_path):
    os.mkfifo(tmp_path / name)
    with pytest.raises(ValueError, match="is neither a folder nor a .zip or .npz archive"):
        open_source(tmp_path / name)


@posix
def test_a_device_behind_a_link_is_refused(tmp_path):
    folder = _raw(tmp_path / "raw")
    (folder / "zero.png").symlink_to("/dev/zero")
    with pytest.raises(ValueError, match="zero.png is a link that leaves"):
        open_source(folder)


@posix
@pytest.mark.parametrize("ring", [("loop", "loop"), ("a0.png", "a0.png"), ("one", "two", "one")])
def test_links_in_a_ring_are_told(ring, tmp_path):
    folder = _raw(tmp_path / "raw")
    for name, to in zip(ring, ring[1:], strict=False):
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to(to)
    with pytest.raises(ValueError, match=f"{ring[0]} cannot be followed .*: remove it"):
        open_source(folder)


# ---- raw: bombs


def _deflated_film(n):
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import DeflatedExplicitVRLittleEndian

    film, film.file_meta = Dataset(), FileMetaDataset()
    film.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    film.SOPClassUID = film.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    film.SOPInstanceUID = film.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
    film.Rows, film.Columns, film.SamplesPerPixel, film.PhotometricInterpretation = 16, 16, 1, "MONOCHROME2"
    film.BitsAllocated, film.BitsStored, film.HighBit, film.PixelRepresentation = 8, 8, 7, 0
    film.PixelData = bytes(range(256)) + bytes(n - 256)
    out = io.BytesIO()
    film.save_as(out, enforce_file_format=True)
    return out.getvalue()


def test_a_deflated_film_is_read_and_a_bomb_is_not():
    grey = np.asarray(decode_image(_deflated_film(256), "a.dcm"))
    np.testing.assert_array_equal(grey[..., 0], np.arange(256).reshape(16, 16))
    data = _deflated_film(300 << 20)
    assert len(data) < 1 << 20
    with at_most(20), pytest.raises(ValueError, match="a.dcm cannot be read: it unpacks to more than 256 MB"):
        decode_image(data, "a.dcm")


def test_a_deflated_film_that_is_torn_is_told():
    data = _deflated_film(4096)
    for cut in (len(data) // 2, len(data) - 30):
        with pytest.raises(ValueError, match="^a.dcm (is damaged|cannot be read)"):
            decode_image(data[:cut], "a.dcm")


def _npz(path, extra=0, packing=zipfile.ZIP_DEFLATED):
    images = np.random.default_rng(0).integers(0, 256, (14, 28, 28, 3), dtype=np.uint8)
    np.savez_compressed(path, train_images=images, train_labels=np.arange(14).reshape(-1, 1) % 7)
    with zipfile.ZipFile(path, "a", packing) as file, file.open("zzz.npy", "w") as array:
        header = {"descr": "|u1", "fortran_order": False, "shape": (extra,)}
        np.lib.format.write_array_header_1_0(array, header)
        for _ in range(extra >> 20):
            array.write(bytes(1 << 20))
    return path


def test_an_array_that_is_a_bomb_is_refused_before_it_is_unpacked(tmp_path):
    path = _npz(tmp_path / "x.npz", 300 << 20)
    with pytest.raises(
        ValueError, match="zzz.npy in archive .* unpacks from .* kB to 300 MB: such arrays are no images"
    ):
        open_source(path)


def test_more_rows_than_there_can_be_images_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(arrays, "MAX_ROWS", 1 << 20)
    with open_source(_npz(tmp_path / "x.npz", 2 << 20)) as files, at_most(30):
        with pytest.raises(ValueError, match="have 2097180 rows, more than 1048576: remove what is no image"):
            files.ready(tmp_path / "scratch")


def test_arrays_that_the_disk_has_no_room_for_are_not_unpacked(tmp_path, monkeypatch):
    from shutil import _ntuple_diskusage

    monkeypatch.setattr(arrays.shutil, "disk_usage", lambda _: _ntuple_diskusage(1 << 20, 1 << 20, 100))
    with open_source(_npz(tmp_path / "x.npz")) as files, pytest.raises(OSError, match="has 0 MB free: make room"):
        files.ready(tmp_path / "scratch")
    assert not list((tmp_path / "scratch").iterdir())


def test_archives_within_one_are_held_up_to_a_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "MOST_INNER", 1 << 20)
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as outer:
        for i in range(8):
            inner = io.BytesIO()
            with zipfile.ZipFile(inner, "w") as file:
                file.writestr("a.txt", bytes(300 << 10))
            outer.writestr(f"{i}.zip", inner.getvalue())
    with at_most(8), open_source(tmp_path / "a.zip") as files:
        assert [name for name in files.names if name.endswith(".txt")] == ["0.zip/a.txt", "1.zip/a.txt", "2.zip/a.txt"]
        assert len(files.remarks) == 5 and "more than 1 MB: unpack the outer one" in files.remarks[0]


def test_a_picture_that_no_memory_suffices_for_is_told(monkeypatch):
    def exhausted(data):
        raise MemoryError

    monkeypatch.setattr("carekit.material.intake.sources.decoding._photograph", exhausted)
    with pytest.raises(ValueError, match="a.png needs more memory than there is"):
        decode_image(b"x", "a.png")


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, '{"shapes": ' + "[" * 500 + "]" * 500 + "}"])
def test_annotations_that_are_nested_deeply_are_told(text, tmp_path):
    folder = _raw(tmp_path / "raw")
    (folder / "a0.json").write_text(text)
    report = examine(folder, 1)
    assert [found.text for found in report.findings if "a0.json" in found.text]


# ---- raw: names


@pytest.mark.parametrize("name", ["\x1b]0;PWNED\x07x", "a\x9b31m", "a\u202eb"])
def test_a_class_whose_name_could_command_a_terminal_is_refused_before_anything_is_decoded(name, tmp_path, capfd):
    folder = _raw(tmp_path / "raw", ["x", "y", name])
    assert main(["check", str(folder), "--workers", "1"]) == 1
    with pytest.raises(ValueError, match="is empty or has control characters: rename it"):
        prepare(OWN, folder, tmp_path / "out", 16, workers=1)
    shown = "".join(capfd.readouterr())
    assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(shown)


@pytest.mark.parametrize("name", ["{0.__class__}", "{", "{}", "$x^$", "<!--<script>", "=cmd|' /C calc'!A0"])
def test_a_class_of_any_other_name_is_a_class(name, tmp_path):
    folder = _raw(tmp_path / "raw", ["x", "y", name])
    assert name in prepare(OWN, folder, tmp_path / "out", 16, workers=1).classes
    (folder / "labels.csv").write_text((folder / "labels.csv").read_text() + f"\na0.png,{name}")
    with pytest.raises(ValueError, match="appears twice"):
        prepare(OWN, folder, tmp_path / "again", 16, workers=1)


# ---- prepared


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return skin(0, 32, {"nv": 4, "df": 3}, {"nv": 2, "df": 2}).save(tmp_path_factory.mktemp("set") / "set").folder


@pytest.fixture
def broken(whole, tmp_path):
    from shutil import copytree

    return copytree(whole, tmp_path / "broken")


class Boom:
    def __reduce__(self):
        return os.mkdir, ("PWNED",)


def _header(shape, descr="|u1", fortran=False):
    text = repr({"descr": descr, "fortran_order": fortran, "shape": shape}).encode().ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text


def _packed():
    out = io.BytesIO()
    np.savez(out, images=np.zeros((11, 32, 32, 3), np.uint8))
    return out.getvalue()


PIXELS = bytes(11 * 32 * 32 * 3)
ARRAYS = {
    "an npz": _packed(),
    "a pickle": pickle.dumps(Boom()),
    "of objects": b"\x93NUMPY\x01\x00" + _header((11,), "|O")[8:] + pickle.dumps([Boom()] * 11),
    "nothing": b"",
    "a torn header": _header((11, 32, 32, 3))[:40],
    "negative": _header((-11, 32, 32, 3)) + PIXELS,
    "huge": _header((10**12, 32, 32, 3)) + PIXELS,
    "overflowing": _header((2**62, 4, 4, 4)) + PIXELS,
    "shape of text": _header(("11", 32, 32, 3)) + PIXELS,
    "code": b"\x93NUMPY\x01\x00" + (64).to_bytes(2, "little") + b"__import__('os').mkdir('PWNED')".ljust(63) + b"\n",
    "brackets": b"\x93NUMPY\x01\x00" + (9000).to_bytes(2, "little") + b"(" * 8999 + b"\n",
    "many brackets": b"\x93NUMPY\x02\x00" + (10**6).to_bytes(4, "little") + b"(" * (10**6 - 1) + b"\n",
    "columns first": _header((11, 32, 32, 3), fortran=True) + PIXELS,
    "records": _header((11, 32, 32, 3), [("a", "u1")]) + PIXELS,
    "a number": _header(()) + b"\0",
    "floats": _header((11, 32, 32, 3), "<f4") + 4 * PIXELS,
    "too few": _header((10, 32, 32, 3)) + PIXELS,
    "short": _header((11, 32, 32, 3)) + PIXELS[:-1],
}


@pytest.mark.parametrize("name", ["images.npy", "masks.npy"])
@pytest.mark.parametrize("content", ARRAYS.values(), ids=ARRAYS)
def test_an_array_that_is_none_is_one_sentence(name, content, broken, monkeypatch):
    monkeypatch.chdir(broken.parent)
    (broken / name).write_bytes(content)
    with pytest.raises(ValueError, match="^prepared data set .*: (images|masks)") as told:
        Prepared.open(broken)
    assert len(str(told.value)) < 600 and "allow_pickle" not in str(told.value)
    assert not examine(broken, 1).healthy
    assert not (broken.parent / "PWNED").exists()


def _facts(**more):
    return lambda text: json.dumps(json.loads(text) | more)


FACTS = {
    "deep": lambda text: "[" * 100_000,
    "deep within": lambda text: text.rstrip()[:-1] + ', "x": ' + "[" * 50_000 + "]" * 50_000 + "}",
    "nested": _facts(x=eval("[" * 60 + "]" * 60)),
    "no object": lambda text: "[]",
    "a number": lambda text: "3",
    "size 32.0": _facts(size=32.0),
    "size true": _facts(size=True),
    "size text": _facts(size="32"),
    "size null": _facts(size=None),
    "size huge": _facts(size=10**400),
    "size with thousands of digits": lambda text: text.replace('"size": 32', f'"size": {"9" * 5000}'),
    "size 0": _facts(size=0),
    "size NaN": _facts(size=float("nan")),
    "a path among the checksums": _facts(checksums={"../../../../etc/passwd": "x"}),
    "a device among the checksums": _facts(checksums={"/dev/zero": "x"}),
    "a checksum that is none": _facts(checksums={"images.npy": [1]}),
    "checksums that are none": _facts(checksums=["images.npy"]),
    "rare twice": _facts(rare=["df", "df"]),
    "a class without a name": _facts(classes=["", "df"]),
    "a command": _facts(classes=["\x1b[2J", "df"]),
    "a title of two lines": _facts(title="a\nb"),
    "a class of two lines": _facts(class_names=["a\nb", "df"]),
}


@pytest.mark.parametrize("change", FACTS.values(), ids=FACTS)
def test_facts_that_are_none_are_one_sentence(change, broken):
    file = broken / "facts.json"
    file.write_text(change(file.read_text()))
    with pytest.raises(ValueError, match="^prepared data set ") as told:
        Prepared.open(broken)
    assert "\n" not in str(told.value)
    assert not examine(broken, 1).healthy


@pytest.mark.parametrize("name", ["images.npy", "masks.npy", "samples.csv", "boxes.csv", "facts.json"])
def test_whatever_is_changed_is_told_and_never_used(name, broken):
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    file = broken / name
    content, used = file.read_bytes(), []
    for trial in range(40):
        damaged = bytearray(content)
        place = int(rng.integers(len(content)))
        if trial % 4:
            damaged[place] ^= 1 << int(rng.integers(8))
        else:
            damaged[place:] = rng.bytes(3) * (trial % 8 > 3)
        file.write_bytes(damaged)
        try:
            Prepared.open(broken).verify_once()
            used.append((trial, place))
        except (ValueError, FileNotFoundError) as error:
            assert len(str(error)) < 3000
    assert not used


@posix
def test_a_file_cut_short_while_it_is_used_is_an_error_and_not_the_end_of_the_process(broken):
    data = Prepared.open(broken)
    os.truncate(broken / "images.npy", 4096)
    with pytest.raises(ValueError, match="images.npy was cut short while it was in use"):
        data.read([10])
