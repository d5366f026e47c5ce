"""How much of a training step is spent waiting for data, in the laptop profile, from a memory-mapped data set."""

import tempfile
import time
from dataclasses import replace
from pathlib import Path

import torch
from _timing import options

from carekit import Prepared, build, pretrain, profile, skin
from carekit.data.batches import BoxedImages, loader

TARGET = 0.10


def main() -> None:
    chosen = options(__doc__)
    torch.set_num_threads(1)  # as the laptop profile trains
    laptop = profile("laptop")
    epochs, counts = (1, {"nv": 30, "df": 4}) if chosen.quick else (5, None)
    with tempfile.TemporaryDirectory() as folder:
        data = skin(0, laptop.size, counts).save(Path(folder) / "skin")
        measure(Prepared.open(data.folder), laptop, epochs)


def measure(data: Prepared, laptop, epochs: int) -> None:
    images = BoxedImages(data.split("train"), augment=laptop.augment)
    batch_size = laptop.pretrain.batch_size
    started = time.perf_counter()
    for _ in range(epochs):
        for _batch in loader(images, batch_size, shuffle=True):
            pass
    alone = epochs * len(images) / (time.perf_counter() - started)
    model = build(laptop.backbone, len(data.classes))
    history = pretrain(model, images, replace(laptop.pretrain, epochs=epochs))
    share, speed = history.wait.median(), history.images_per_s.median()
    print(f"\nData loading, {laptop.backbone} at {laptop.size} px, batch {batch_size}, {len(images)} images, 1 thread")
    print(f"reading and augmenting alone: {alone:.0f} images/s; training: {speed:.0f} images/s (floor of the share: 0)")
    verdict = "within" if share <= TARGET else "above"
    print(f"-> share of a step spent waiting for data: {share:.3f}, {verdict} the target of {TARGET:.2f}")


if __name__ == "__main__":
    main()
