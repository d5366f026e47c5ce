"""Hugging Face's ImageFolder: metadata.jsonl, a line for each image with objects: bbox as x, y, width, height."""

from collections.abc import Iterator

from carekit.material.intake.layouts.annotations.place import (
    AS_IS,
    WRONG_FORM,
    AnnotatedBox,
    Format,
    Place,
    from_sides,
)


def _find(place: Place) -> list[str]:
    return [name for name in place.ending("metadata.jsonl") if _has_objects(place.json(name))]


def _has_objects(lines: list | None) -> bool:
    return any(isinstance(line, dict) and "objects" in line for line in lines or ())


def _read(place: Place, names: list[str]) -> Iterator[AnnotatedBox]:
    for name in names:
        for line in place.json(name):
            try:
                objects = line.get("objects") or {"bbox": ()}
                kinds = objects.get("category") or objects.get("categories") or [""] * len(objects["bbox"])
                for bbox, kind in zip(objects["bbox"], kinds, strict=True):
                    yield AnnotatedBox(name, str(line["file_name"]), from_sides(*bbox), AS_IS, str(kind))
            except WRONG_FORM as error:
                raise ValueError(f"{name} has a line of another form ({error!r}): correct or remove it") from None


HUGGING_FACE = Format("metadata.jsonl", _find, _read)
