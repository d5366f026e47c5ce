"""How much of a training step is spent waiting for data, in the laptop profile, from a memory-mapped data set."""

import statistics
import tempfile
from dataclasses import replace
from pathlib import Path

import torch
from _timing import options, rounds
from torch.nn import functional

from carekit import Care, Prepared, build, pretrain, profile, skin
from carekit.data.batches import BoxedImages, loader
from carekit.training import train_step

TARGET = 0.10


def main() -> None:
    chosen = options(__doc__, threads=1)  # as the laptop profile trains
    torch.set_num_threads(chosen.threads)
    laptop = profile("laptop")
    repeats, counts = (1, {"nv": 30, "df": 4}) if chosen.quick else (7, None)
    with tempfile.TemporaryDirectory() as folder:
        data = skin(0, laptop.size, counts).save(Path(folder) / "skin")
        measure(Prepared.open(data.folder), laptop, repeats, chosen.threads)


def measure(data: Prepared, laptop, repeats: int, threads: int) -> None:
    train = data.split("train")
    images = BoxedImages(train, augment=laptop.augment)
    schedule, shares = replace(laptop.pretrain, epochs=1), []
    batches = loader(images, schedule.batch_size, shuffle=True)
    ready = list(batches)
    model = build(laptop.backbone, len(data.classes)).to(memory_format=torch.channels_last).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=schedule.lr)

    def load() -> None:
        for _batch in batches:
            pass

    def learn() -> None:
        for batch in ready:
            train_step(model, batch, Care(alpha=0), functional.cross_entropy, optimizer, schedule)

    def both() -> None:
        history = pretrain(model, images, schedule)
        model.train()
        shares.append(history.wait.iloc[-1])

    seconds = rounds({"loading alone": load, "training alone": learn, "both, as `pretrain` does": both}, repeats, 1)
    shares = shares[1:]  # the first round warms up
    shape = (
        f"{laptop.backbone} at {laptop.size} px, batch {schedule.batch_size}, {len(images)} images, threads {threads}"
    )
    print(f"\nAn epoch, {shape}\n{'':44}{'median ms':>10}{'images/s':>10}")
    for name, values in seconds.items():
        middle = statistics.median(values)
        print(f"{name:44}{middle * 1e3:>10.1f}{len(images) / middle:>10.0f}")
    share = statistics.median(shares)
    verdict = "within" if share <= TARGET else "above"
    print(
        f"Share of training spent waiting for data: {share:.3f} (lowest {min(shares):.3f}, highest {max(shares):.3f})"
    )
    print(f"-> waiting for data: {share:.3f}, {verdict} the target of {TARGET:.2f} (floor: 0.00, data at hand at once)")


if __name__ == "__main__":
    main()
