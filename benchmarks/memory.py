"""How much memory and how many cores the preparation of many images takes, and training from the result."""

import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil
from _timing import options
from PIL import Image

from carekit.material.drawing import SKIN, draw
from carekit.material.intake.layouts.own import OWN
from carekit.material.intake.preparing.prepare import prepare

MB, SIZE = 2**20, 224
TARGET = 1024  # MB, for all processes of a preparation together
GROWTH = 1.05  # of training's memory from the smaller to the larger set


def main() -> None:
    chosen = options(__doc__)
    sizes = (60, 120) if chosen.quick else (1_000, 10_000)
    with tempfile.TemporaryDirectory() as name:
        folders = [Path(name, str(n)) for n in sizes]
        for folder, n in zip(folders, sizes, strict=True):
            measure(folder, n)
        peaks = []
        for folder, n in zip(folders, sizes, strict=True):
            epochs = sizes[1] // n  # as many steps for both, so that only the data differ
            command = [sys.executable, __file__, "--train", folder / "prepared", str(epochs), str(chosen.threads)]
            peaks.append(float(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout))
            print(f"training on {n} images, {epochs} epoch(s): {peaks[-1]:.0f} MB at most", flush=True)
    ratio = peaks[1] / peaks[0]
    verdict = "within" if ratio <= GROWTH else "above"
    print(f"-> training from {sizes[1]} images takes {ratio:.3f} of the memory of {sizes[0]}, {verdict} {GROWTH:.2f}")


def measure(folder: Path, n: int) -> None:
    """Prepare n images and print what it took."""
    write_source(folder / "source", n)
    watch, started = Watch(psutil.Process()), time.perf_counter()
    prepare(OWN, folder / "source", folder / "prepared", SIZE)
    seconds = time.perf_counter() - started
    peak, busy = watch.stop()
    shutil.rmtree(folder / "source")
    verdict = "within" if peak <= TARGET else "above"
    print(f"{n} images at {SIZE} px prepared in {seconds:.0f} s, {n / seconds:.0f} images/s, {busy:.2f} cores busy")
    print(f"-> preparing takes {peak:.0f} MB in all processes, {verdict} {TARGET} MB", flush=True)


def write_source(folder: Path, n: int) -> None:
    """n files of 600 x 450 pixels, as HAM10000's are, with a box each."""
    folder.mkdir(parents=True)
    drawn = draw(SKIN, 0, 224, {"nv": 20, "df": 20}, {"nv": 1})
    for i in range(40):
        Image.fromarray(drawn.read([i])[0]).resize((600, 450), Image.Resampling.BICUBIC).save(folder / f"{i:05d}.jpg")
    for i in range(40, n):
        shutil.copy(folder / f"{i % 40:05d}.jpg", folder / f"{i:05d}.jpg")
    names = [f"{i:05d}.jpg" for i in range(n)]
    rows = [f"{name},{'rare' if i % 10 == 0 else 'common'}" for i, name in enumerate(names)]
    (folder / "labels.csv").write_text("\n".join(["image,label", *rows]))
    (folder / "boxes.csv").write_text("\n".join(["image,x,y,w,h", *(f"{name},100,100,300,200" for name in names)]))


class Watch:
    """Peak of the resident memory of a process and its children, in MB, and the cores that they keep busy."""

    def __init__(self, process: psutil.Process):
        self.process, self.peak, self.running = process, 0.0, True
        self.used: dict[int, float] = {}
        self.base, self.started = sum(process.cpu_times()[:2]), time.perf_counter()
        self.thread = threading.Thread(target=self._look)
        self.thread.start()

    def _look(self) -> None:
        while self.running:
            family = [self.process, *self.process.children(recursive=True)]
            resident = 0
            for each in family:
                try:
                    resident += each.memory_info().rss
                    self.used[each.pid] = sum(each.cpu_times()[:2])
                except psutil.NoSuchProcess:
                    continue
            self.peak = max(self.peak, resident / MB)
            time.sleep(0.05)

    def stop(self) -> tuple[float, float]:
        self.running = False
        self.thread.join()
        return self.peak, (sum(self.used.values()) - self.base) / (time.perf_counter() - self.started)


def train(folder: Path, epochs: int, threads: int) -> None:
    """Epochs of reading and augmenting, with a step of training on every tenth batch; prints the peak in MB."""
    import torch
    from torch.nn import functional

    from carekit import Care, Prepared, build
    from carekit.data.batches import BoxedImages, loader
    from carekit.training import Schedule, train_step

    torch.set_num_threads(threads)
    torch.manual_seed(0)
    data, schedule = Prepared.open(folder), Schedule(epochs=1)
    model = build("small", len(data.classes)).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    watch = Watch(psutil.Process())
    part = data.split("train")
    batches = loader(BoxedImages(part, augment="flip"), 32, shuffle=True)
    for _ in range(epochs):
        for i, batch in enumerate(batches):
            if i % 10 == 0:
                train_step(model, batch, Care(), functional.cross_entropy, optimizer, schedule)
    print(watch.stop()[0])


if __name__ == "__main__":
    if "--train" in sys.argv:
        train(Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
    else:
        main()
