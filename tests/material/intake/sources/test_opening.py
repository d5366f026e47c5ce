import pickle
import zipfile

import numpy as np
import pytest
from PIL import Image

from carekit.material.intake.sources import open_source

GREY = np.arange(60, dtype=np.uint8).reshape(2, 5, 6)


def _zip(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return path


def test_folder_and_archive_have_one_face(tmp_path):
    (tmp_path / "f" / "sub").mkdir(parents=True)
    (tmp_path / "f" / "sub" / "b.txt").write_bytes(b"B")
    (tmp_path / "f" / "a.txt").write_bytes(b"A")
    archive = _zip(tmp_path / "f.zip", [("sub/", b""), ("sub/b.txt", b"B"), ("a.txt", b"A")])
    for path in (tmp_path / "f", archive):
        with open_source(path) as source:
            assert source.names == ["a.txt", "sub/b.txt"]
            assert source.read("sub/b.txt") == b"B"


def test_a_source_that_is_no_source_is_told(tmp_path):
    with pytest.raises(FileNotFoundError, match="does not exist"):
        open_source(tmp_path / "none")
    (tmp_path / "a.tar").write_bytes(b"x")
    with pytest.raises(ValueError, match="neither a folder nor a .zip"):
        open_source(tmp_path / "a.tar")


def _folder(path):
    path.mkdir()
    for i, grey in enumerate(GREY):
        Image.fromarray(grey).save(path / f"{i}.png")
    return path, ["0.png", "1.png"]


def _archive(path):
    folder, names = _folder(path.with_suffix(".d"))
    return _zip(path.with_suffix(".zip"), [(name, (folder / name).read_bytes()) for name in names]), names


def _arrays(path):
    np.savez_compressed(path.with_suffix(".npz"), images=GREY)
    return path.with_suffix(".npz"), ["images.npy/0", "images.npy/1"]


@pytest.mark.parametrize("make", [_folder, _archive, _arrays])
def test_every_source_gives_its_images_when_ready_also_in_another_process(tmp_path, make):
    path, names = make(tmp_path / "source")
    with open_source(path) as files, files.ready(tmp_path / "unpacked") as ready:
        assert set(names) <= set(ready.names)
        with pickle.loads(pickle.dumps(ready)) as elsewhere:  # as a worker process receives it
            for source in (ready, elsewhere):
                for name, grey in zip(names, GREY, strict=True):
                    np.testing.assert_array_equal(np.asarray(source.image(name)), np.stack([grey] * 3, 2))


def test_only_what_is_packed_is_unpacked(tmp_path):
    for make, unpacked in ((_folder, False), (_archive, False), (_arrays, True)):
        path, _ = make(tmp_path / make.__name__)
        with open_source(path) as files, files.ready(tmp_path / "scratch" / make.__name__):
            assert (tmp_path / "scratch" / make.__name__).exists() == unpacked


def test_what_was_unpacked_already_is_kept(tmp_path):
    path, names = _arrays(tmp_path / "a")
    with open_source(path) as files:
        files.ready(tmp_path / "scratch").close()
        array = tmp_path / "scratch" / "images.npy"
        before = array.stat()
        files.ready(tmp_path / "scratch").close()
        assert array.stat() == before


def test_what_was_unpacked_and_damaged_since_is_unpacked_again(tmp_path):
    path, names = _arrays(tmp_path / "a")
    array = tmp_path / "scratch" / "images.npy"
    with open_source(path) as files:
        files.ready(tmp_path / "scratch").close()
        whole = array.read_bytes()
        for damaged in (whole[:-40], whole[:-1] + bytes([whole[-1] ^ 1]), b""):
            array.write_bytes(damaged)
            with files.ready(tmp_path / "scratch") as ready:
                np.testing.assert_array_equal(np.asarray(ready.image(names[0]))[..., 0], GREY[0])
            assert array.read_bytes() == whole
