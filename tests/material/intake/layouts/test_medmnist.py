import io
import zipfile

import numpy as np
import pytest

from carekit.material.intake.layouts.medmnist import MEDMNIST
from carekit.material.intake.preparing.prepare import prepare


def _arrays(n=(28, 7, 14), classes=7, shape=(28, 28, 3)):
    rng, arrays = np.random.default_rng(0), {}
    for part, count in zip(("train", "val", "test"), n, strict=True):
        arrays[f"{part}_images"] = rng.integers(0, 256, (count, *shape), dtype=np.uint8)
        arrays[f"{part}_labels"] = (np.arange(count, dtype=np.uint8) % classes)[:, None]
    return arrays


def _save(path, arrays):
    np.savez_compressed(path, **arrays)
    return path


def _prepare(source, out, **options):
    return prepare(MEDMNIST, source, out, **{"size": 28, "workers": 1} | options)


def test_skin_keeps_the_publishers_split_and_pixels(tmp_path):
    arrays = _arrays()
    data = _prepare(_save(tmp_path / "dermamnist.npz", arrays), tmp_path / "out")
    assert data.facts["name"] == "dermamnist" and data.rare == ["akiec"]  # all alike: the first
    assert len(data.split("train")) == 35 and len(data.split("test")) == 14 and data.boxes.empty
    test = data.split("test")
    np.testing.assert_array_equal(test.read(range(14)), arrays["test_images"])
    np.testing.assert_array_equal(test.labels, arrays["test_labels"][:, 0])
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "boxes.csv",
        "facts.json",
        "images.npy",
        "samples.csv",
    ]


def test_chest_films_are_grey_and_may_be_resized_by_several_workers(tmp_path):
    arrays = _arrays((60, 4, 10), 2, (64, 64))
    data = _prepare(_save(tmp_path / "pneumoniamnist_64.npz", arrays), tmp_path / "out", size=32, workers=2)
    assert data.classes == ["normal", "pneumonia"] and data.size == 32
    image = data.split("test").read([0])[0]
    assert (image[..., 0] == image[..., 1]).all()
    mean = arrays["test_images"][0].reshape(32, 2, 32, 2).mean((1, 3))
    assert np.corrcoef(mean.ravel(), image[..., 0].ravel())[0, 1] > 0.9


def _npz(path, members):
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)


def _npy(array):
    out = io.BytesIO()
    np.save(out, array, allow_pickle=True)
    return out.getvalue()


def _all(**changes):
    return {f"{name}.npy": _npy(array) for name, array in (_arrays() | changes).items()}


FAULTS = {
    "lacking": (lambda m: m.pop("val_labels.npy"), "not laid out as medmnist"),
    "objects": (lambda m: m.update({"test_labels.npy": _npy(np.array([{}, 1]))}), "must be an array of plain numbers"),
    "cut": (lambda m: m.update({"test_images.npy": m["test_images.npy"][:-9]}), "ends 9 bytes too early"),
    "number": (lambda m: m.update({"test_labels.npy": _npy(np.array(3))}), "test_labels.npy holds a single number"),
    "no header": (lambda m: m.update({"test_labels.npy": b""}), "test_labels.npy in .* is no array"),
    "one axis": (lambda m: m.update(_all(test_images=np.zeros(14, np.uint8))), "test_images.npy is uint8|have colours"),
    "no array": (lambda m: m.update({"notes.txt": b"hello"}), "'notes.txt' in archive .* is no array"),
    "climbs": (lambda m: m.update({"../x.npy": b""}), "'../x.npy' in archive .* is no array"),
    "float": (lambda m: m.update(_all(test_images=np.zeros((14, 28, 28, 3)))), "test_images.npy is float64"),
    "not square": (
        lambda m: m.update(_all(test_images=np.zeros((14, 28, 20, 3), np.uint8))),
        "test_images.npy is uint8",
    ),
    "grey among colours": (
        lambda m: m.update(_all(test_images=np.zeros((14, 28, 28), np.uint8))),
        "some images have colours",
    ),
    "fewer labels": (
        lambda m: m.update(_all(test_labels=np.zeros((3, 1), np.uint8))),
        "has 14 images and there are 3 labels",
    ),
    "fractions": (
        lambda m: m.update(_all(test_labels=np.full((14, 1), 0.5))),
        "holds float64: it must be whole numbers",
    ),
    "complex": (lambda m: m.update(_all(test_labels=np.full((14, 1), 1j))), "holds complex128: it must be whole"),
    "text": (lambda m: m.update(_all(test_labels=np.array(["<b>"] * 14))), "holds <U3: it must be whole numbers"),
    "unknown": (
        lambda m: m.update(_all(test_labels=np.full((14, 1), 9, np.uint8))),
        "class '9' of image 'test-000000' is unknown",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_told_in_one_sentence_and_leaves_nothing(tmp_path, fault):
    spoil, sentence = FAULTS[fault]
    members = _all()
    spoil(members)
    _npz(tmp_path / "dermamnist.npz", members)
    with pytest.raises(ValueError, match=sentence) as error:
        _prepare(tmp_path / "dermamnist.npz", tmp_path / "out")
    assert "\n" not in str(error.value)
    assert [path.name for path in tmp_path.iterdir()] == ["dermamnist.npz"]


def test_a_damaged_archive_is_told(tmp_path):
    path = _save(tmp_path / "a.npz", _arrays())
    data = bytearray(path.read_bytes())
    data[2000:2100] = b"x" * 100
    path.write_bytes(data)
    with pytest.raises(ValueError, match="is damaged"):
        _prepare(path, tmp_path / "out")
    path.write_bytes(data[:-50])
    with pytest.raises(ValueError, match="is damaged"):
        _prepare(path, tmp_path / "out")
