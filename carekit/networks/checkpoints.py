"""Weights and training state as safetensors files: nothing is unpickled, nothing half-written stays."""

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from carekit.ground.folders import whole_file
from carekit.ground.plain_json import parse
from carekit.networks import Backbone


def save(path: str | Path, model: Backbone, extra: dict[str, Tensor] | None = None, about: dict | None = None) -> None:
    """Write weights and notes to `path`, whole or not at all: next to it first, then renamed.

    Args:
        path: a safetensors file; its folder is made.
        model: whose weights.
        extra: more tensors, such as an optimizer's state.
        about: notes that JSON can hold.
    """
    path = Path(path)
    tensors = {f"model.{name}": tensor.contiguous() for name, tensor in model.state_dict().items()}
    tensors |= {f"extra.{name}": tensor.contiguous() for name, tensor in (extra or {}).items()}
    notes = {"backbone": model.name, "classes": str(model.n_classes), "about": json.dumps(about or {})}
    notes["notes_checksum"] = _checksum_of_notes(notes)
    notes["tensors_checksum"] = _checksum_of_tensors(tensors)
    with whole_file(path) as new:
        save_file(tensors, new, notes)
        mask = os.umask(0)  # the only way to read it is to set it
        os.umask(mask)
        new.chmod(0o666 & ~mask)  # safetensors lets the owner read alone, and folders are shared


def _checksum_of_notes(notes: dict[str, str]) -> str:
    text = json.dumps({name: notes.get(name) for name in ("backbone", "classes", "about")}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _checksum_of_tensors(tensors: dict[str, Tensor]) -> str:
    digest = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def load(path: str | Path, model: Backbone) -> tuple[dict[str, Tensor], dict]:
    """Fill `model` from `path`; return (extra, about).

    Raises:
        FileNotFoundError: where there is no such file.
        ValueError: for a file that is damaged or of another architecture or class count; the model is unchanged then.
    """
    path = Path(path)
    with _opened(path) as file:
        notes = _notes(path, file)
        tensors = {name: file.get_tensor(name) for name in file.keys()}
    if notes["tensors_checksum"] != _checksum_of_tensors(tensors):
        raise ValueError(f"checkpoint {path} is damaged (its weights were changed): delete it and train again")
    found, wanted = (notes.get("backbone"), notes.get("classes")), (model.name, str(model.n_classes))
    if found != wanted:
        raise ValueError(
            f"checkpoint {path} holds {found[0]} for {found[1]} classes, not {wanted[0]} for {wanted[1]}: "
            "build that backbone or choose another checkpoint"
        )
    _fill(path, model, _part(tensors, "model."))
    return _part(tensors, "extra."), _about(path, notes)


def read_about(path: str | Path) -> dict:
    """The notes of a checkpoint alone. Raises as `load` does."""
    with _opened(Path(path)) as file:
        return _about(Path(path), _notes(Path(path), file))


def _about(path: Path, notes: dict[str, str]) -> dict:
    try:
        return parse(notes["about"])
    except ValueError as error:
        raise ValueError(f"checkpoint {path} is damaged ({error}): delete it and train again") from None


def _notes(path: Path, file: Any) -> dict[str, str]:
    notes = file.metadata() or {}
    if notes.get("notes_checksum") != _checksum_of_notes(notes) or "tensors_checksum" not in notes:
        raise ValueError(f"checkpoint {path} is damaged (its notes were changed): delete it and train again")
    return notes


def read_architecture(path: str | Path) -> tuple[str, int]:
    """The backbone's name and the number of classes of a checkpoint. Raises as `load` does."""
    with _opened(Path(path)) as file:
        notes = file.metadata() or {}
    if "backbone" not in notes or "classes" not in notes:
        raise ValueError(f"{path} was not made by carekit: give a checkpoint of one of its models")
    return notes["backbone"], int(notes["classes"])


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    if not path.is_file():
        raise FileNotFoundError(f"there is no checkpoint {path}: train first or correct the path")
    try:
        with safe_open(path, "pt") as file:
            yield file
    except SafetensorError as error:
        raise ValueError(f"checkpoint {path} is damaged ({error}): delete it and train again") from error


def _fill(path: Path, model: Backbone, state: dict[str, Tensor]) -> None:
    if _forms(state) != _forms(model.state_dict()):
        raise ValueError(f"checkpoint {path} was made by another version of {model.name}: delete it and train again")
    broken = [name for name, tensor in state.items() if not tensor.isfinite().all()]
    if broken:
        raise ValueError(f"checkpoint {path} holds NaN or infinity in {broken[0]}: delete it and train again")
    model.load_state_dict(state)


def _forms(tensors: dict[str, Tensor]) -> dict[str, tuple[torch.Size, torch.dtype]]:
    return {name: (tensor.shape, tensor.dtype) for name, tensor in tensors.items()}


def _part(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def optimizer_tensors(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """The optimizer's state as named tensors: "3.exp_avg" is the first moment of the fourth parameter."""
    state = optimizer.state_dict()["state"]
    return {f"{i}.{name}": tensor for i, parts in state.items() for name, tensor in parts.items()}


def restore_optimizer(optimizer: torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
    """Put back what `optimizer_tensors` took."""
    state: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        index, part = name.split(".")
        state.setdefault(int(index), {})[part] = tensor
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
