"""Hugging Face's ImageFolder: metadata.jsonl, a line for each image with objects: bbox as x, y, width, height."""

from collections.abc import Iterator

from carekit.material.intake.layouts.annotations import shapes
from carekit.material.intake.layouts.annotations.place import AnnotatedBox, Format, Place


def find(place: Place) -> list[str]:
    return place.json_files(_has_objects, "metadata.jsonl")


def _has_objects(lines: list | None) -> bool:
    return any(isinstance(line, dict) and "objects" in line for line in lines or ())


def read(place: Place, names: list[str]) -> Iterator[AnnotatedBox]:
    for name in names:
        for line in place.json(name):
            with shapes.expected(f"{name} has a line of another form"):
                objects = line.get("objects") or {"bbox": ()}
                kinds = objects.get("category") or objects.get("categories") or [""] * len(objects["bbox"])
                for bbox, kind in zip(objects["bbox"], kinds, strict=True):
                    yield AnnotatedBox(name, str(line["file_name"]), shapes.from_sides(*bbox), shapes.AS_IS, str(kind))


HUGGING_FACE = Format("metadata.jsonl", find, read)
