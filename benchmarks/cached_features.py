"""Training behind frozen layers, from kept features against the whole network, and what keeping them costs."""

import os
import tempfile
import time
from dataclasses import replace

import numpy as np
import psutil
import torch
from _timing import Clock, options, rounds
from torch.nn import functional

from carekit.data.batches import BoxedImages
from carekit.data.cached import network_for
from carekit.data.prepared.rows import choose_rows
from carekit.ground.parallel import cores
from carekit.material.drawing import skin
from carekit.networks import build
from carekit.objectives import Care
from carekit.training import Schedule, cached, train_step

NAME = "efficientnet_lite0_early"
TARGET = 5.0  # times the images/s of the whole network, trained throughout
SECONDS = 480  # for 10,000 images at 128 px with their flips


def main() -> None:
    chosen = options(__doc__)
    size, n = (64, 64) if chosen.quick else (128, 512)
    torch.set_num_threads(1)
    data = skin(0, size, {"nv": n - 32, "df": 32}, {"nv": 1}).split("train")
    with tempfile.TemporaryDirectory() as folder:
        speed(data, folder, repeats=2 if chosen.quick else 8, clock=chosen.clock)
    with tempfile.TemporaryDirectory() as folder:
        cost(data, folder, 128 if chosen.quick else 10_000, chosen.cpu)


def speed(data, folder: str, repeats: int, clock: Clock) -> None:
    """Print the images/s of a training step with a batch of 32, four ways."""
    features = cached(build(NAME, 7), data, flips=True, folder=folder)
    whole = BoxedImages(data, None, "flip")
    variants = {
        "whole network, all of it trained": step("efficientnet_lite0", whole),
        "small net": step("small", whole),
        "frozen layers run each time": step(NAME, whole),
        "frozen layers kept": step(NAME, BoxedImages(features, None, "flip")),
    }
    seconds = rounds(variants, repeats, clock=clock)
    middle = {name: float(np.median(values)) for name, values in seconds.items()}
    for name, value in middle.items():
        print(f"{name:40}{32 / value:8.0f} images/s")
    for name in ("whole network, all of it trained", "frozen layers run each time"):
        ratio = float(np.median(np.array(seconds[name]) / seconds["frozen layers kept"]))
        verdict = "within" if ratio >= TARGET else "below"
        print(
            f"-> kept features train at {ratio:.1f} times the images/s of: {name} ({verdict} {TARGET:.0f})", flush=True
        )


def step(name: str, images: BoxedImages):
    """A training step, reading of the batch included."""
    model = network_for(build(name, 7), images.data).to(memory_format=torch.channels_last).train()
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-5)
    rows = list(range(len(images) - 32, len(images)))
    schedule = Schedule(epochs=1)
    return lambda: train_step(model, images.__getitems__(rows), Care(), functional.cross_entropy, optimizer, schedule)


def cost(data, folder: str, n: int, cpu: bool) -> None:
    """Print how long the features of n images and their flips take, how large they are, and the growth of memory.

    With `cpu`, the time of all cores together, divided by their number: what it takes where nothing else runs.
    """
    rows = np.arange(n) % len(data)
    names = [f"i{i}" for i in range(n)]
    samples = data.samples.iloc[rows].assign(image_id=names, group=names)
    images = choose_rows(data.images, rows)
    many = replace(data, images=images, samples=samples, boxes=data.boxes.iloc[:0], masks=None)
    process = psutil.Process(os.getpid())
    cached(build(NAME, 7), many.take(np.arange(32)), flips=True, folder=folder)  # what is set up once
    now = (lambda: time.process_time() / cores()) if cpu else time.perf_counter
    before, started = process.memory_info().rss, now()
    features = cached(build(NAME, 7), many, flips=True, folder=folder)
    seconds = now() - started
    for start in range(0, n, 256):
        features.tensor(np.arange(start, min(start + 256, n)))
    growth = (process.memory_info().rss - before) / 2**20
    size = features.features.base.nbytes / 2**20
    per_10_000 = seconds * 10_000 / n
    verdict = "within" if per_10_000 <= SECONDS else "above"
    print(f"features of {n} images in four flips: {seconds:.0f} s, {size:.0f} MB on disk, {growth:.0f} MB more memory")
    print(f"-> 10,000 images take {per_10_000:.0f} s, {verdict} {SECONDS} s", flush=True)


if __name__ == "__main__":
    main()
