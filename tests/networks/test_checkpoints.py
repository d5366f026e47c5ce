import io
import json
import os
import pickle

import pytest
import torch

from carekit.networks import build, checkpoints


def test_weights_and_notes_come_back(tmp_path):
    model, other = build("small", 3, seed=1), build("small", 3, seed=2)
    checkpoints.save(tmp_path / "a" / "m.safetensors", model, {"x": torch.arange(3)}, {"epochs": 4})
    extra, about = checkpoints.load(tmp_path / "a" / "m.safetensors", other)
    assert about == {"epochs": 4} and extra["x"].tolist() == [0, 1, 2]
    assert all(torch.equal(value, other.state_dict()[name]) for name, value in model.state_dict().items())
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["m.safetensors"]


@pytest.mark.parametrize(("name", "classes"), [("resnet18", 3), ("small", 4)])
def test_another_architecture_is_refused_and_leaves_the_model_alone(tmp_path, name, classes):
    checkpoints.save(tmp_path / "m.safetensors", build("small", 3))
    model = build(name, classes)
    before = model.head.classifier.weight.clone()
    with pytest.raises(ValueError, match=f"holds small for 3 classes, not {name} for {classes}"):
        checkpoints.load(tmp_path / "m.safetensors", model)
    assert torch.equal(model.head.classifier.weight, before)


def test_a_damaged_or_missing_file_is_one_sentence(tmp_path):
    path = tmp_path / "m.safetensors"
    with pytest.raises(FileNotFoundError, match="there is no checkpoint"):
        checkpoints.load(path, build("small", 3))
    checkpoints.save(path, build("small", 3))
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(ValueError, match="is damaged.*train again"):
        checkpoints.load(path, build("small", 3))


def test_nan_in_a_file_never_reaches_a_model(tmp_path):
    broken = build("small", 3)
    torch.nn.init.constant_(broken.head.classifier.weight, float("nan"))
    checkpoints.save(tmp_path / "m.safetensors", broken)
    with pytest.raises(ValueError, match="NaN or infinity in head.classifier.weight"):
        checkpoints.load(tmp_path / "m.safetensors", build("small", 3))


def test_a_failed_save_leaves_the_old_file_and_nothing_beside_it(tmp_path, monkeypatch):
    path = tmp_path / "m.safetensors"
    checkpoints.save(path, build("small", 3), about={"epochs": 1})

    def full(tensors, filename, metadata):
        filename.write_bytes(b"half")
        raise OSError("No space left on device")

    monkeypatch.setattr(checkpoints, "save_file", full)
    with pytest.raises(OSError, match="No space"):
        checkpoints.save(path, build("small", 3), about={"epochs": 2})
    assert [file.name for file in tmp_path.iterdir()] == ["m.safetensors"]
    assert checkpoints.load(path, build("small", 3))[1] == {"epochs": 1}


def test_a_bit_flipped_anywhere_in_weights_or_notes_is_told(tmp_path):
    """Each flip in the file ends in one sentence: none is used, none is a traceback of another kind."""
    path = tmp_path / "m.safetensors"
    model = build("small", 3)
    checkpoints.save(path, model, about={"scores": {"mca": 0.5}})
    whole = path.read_bytes()
    header = int.from_bytes(whole[:8], "little") + 8
    places = [*range(8, header, 37), *range(header, len(whole), 9_001)]
    before = model.head.classifier.weight.clone()
    for place in places:
        damaged = bytearray(whole)
        damaged[place] ^= 4
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match="is damaged|holds .* for|another version"):
            checkpoints.load(path, model)
        assert torch.equal(model.head.classifier.weight, before)


def test_a_shared_folder_stays_readable(tmp_path):
    before = os.umask(0o022)
    try:
        checkpoints.save(tmp_path / "m.safetensors", build("small", 3))
    finally:
        os.umask(before)
    assert (tmp_path / "m.safetensors").stat().st_mode & 0o777 == 0o644


class Boom:
    def __reduce__(self):
        return os.mkdir, ("PWNED",)


def _header(header, length=None):
    data = header.encode()
    return (len(data) if length is None else length).to_bytes(8, "little") + data


def _torch_zip():
    out = io.BytesIO()
    torch.save({"a": torch.zeros(2)}, out)
    return out.getvalue()


def _notes(about):
    return json.dumps({"__metadata__": {"backbone": "small", "classes": "7", "about": about}})


HOSTILE = {
    "a pickle": pickle.dumps(Boom()),
    "a file of torch.save": _torch_zip(),
    "a length of 2^63": _header("{}", 2**63 - 1),
    "a header of 200 MB": _header(" " * 1000, 200_000_000),
    "a nested header": _header("[" * 100_000),
    "nested notes": _header(_notes("[" * 100_000)),
    "notes that are none": _header(_notes("x")),
    "no notes": _header("{}"),
    "offsets beyond the end": _header(
        '{"a": {"dtype": "F32", "shape": [1000000000], "data_offsets": [0, 4000000000]}}'
    ),
    "a shape that overflows": _header(
        json.dumps({"a": {"dtype": "F32", "shape": [2**62] * 2, "data_offsets": [0, 0]}})
    ),
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_a_file_that_somebody_made_is_one_sentence_and_runs_nothing(content, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "a.safetensors"
    path.write_bytes(content)
    for use in (lambda: checkpoints.load(path, build("small", 7)), lambda: checkpoints.read_about(path)):
        with pytest.raises(ValueError, match="a.safetensors") as told:
            use()
        assert len(str(told.value)) < 500
    assert [file.name for file in tmp_path.iterdir()] == ["a.safetensors"]


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.int32, torch.bool])
def test_weights_of_another_type_are_not_cast(dtype, tmp_path, monkeypatch):
    model = build("small", 7)
    state = {name: tensor.to(dtype) for name, tensor in model.state_dict().items()}
    with monkeypatch.context() as patch:
        patch.setattr(model, "state_dict", lambda: state)
        checkpoints.save(tmp_path / "a.safetensors", model)
    with pytest.raises(ValueError, match="was made by another version of small"):
        checkpoints.load(tmp_path / "a.safetensors", model)


def test_notes_that_are_nested_deeply_are_told_though_their_checksum_fits(tmp_path):
    about = {}
    for _ in range(100):
        about = {"a": about}
    checkpoints.save(tmp_path / "a.safetensors", build("small", 7), about=about)
    with pytest.raises(ValueError, match="a.safetensors is damaged .its JSON is nested more than 32 levels"):
        checkpoints.read_about(tmp_path / "a.safetensors")
