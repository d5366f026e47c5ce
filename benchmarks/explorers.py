"""From a moved slider to its painted frame, in JupyterLab: an explorer beside a figure drawn anew by the kernel."""

import tempfile
from pathlib import Path
from statistics import median

import psutil
from _lab import FLAGS, Lab, chromium
from _timing import options

MB = 2**20
FRAME, LATE = 16.7, 33.0  # ms: one frame of the screen, two of them
NAMES = ("an empty frame", "explorer, 64 px", "explorer, 224 px", "figure by the kernel, 64 px")
FASTER, FRAMES, TRIP, GROWTH = 10, 55, 150, 1.05

SETUP = """import os
import ipywidgets as widgets, matplotlib.pyplot as plt, numpy as np
from carekit import build
from carekit.method import boxes
from carekit.material.drawing import skin
from carekit.course.explorers.attention_loss import CAPTION, explore_attention_loss, numbers
from carekit.course.explorers.captions import fill
from carekit.course.explorers.cam import explore_cam
from carekit.research.figures import plots
print(os.getpid())"""
SHOW = """data = skin(0, {size}, {{"nv": 4, "df": 24}}, {{"nv": 1}})
rows = np.flatnonzero(data.labels == data.classes.index("df"))
maps = np.random.default_rng(0).random((len(rows), 8, 8)).astype("float32")
shown = explore_attention_loss(data, rows, maps)"""
# The usual way: the kernel draws the same pictures and chart as an image, for each move of a slider of ipywidgets.
PATTERN = """image, image_boxes = data.read(rows[:1])[0], data.boxes_of(rows[0])
mask = boxes.rasterise(image_boxes, (data.size, data.size))

def redraw(tau):
    losses, x = numbers(maps[0], image_boxes, data.size, tau, 1.0, 0.5, 1.0), np.linspace(0, 1, 101)
    figure, axes = plt.subplots(1, 3, figsize=(9, 3))
    plots.draw_attention(axes[0], image, maps[0], image_boxes, "map of the true class")
    axes[1].imshow(image.mean(2), cmap="gray")
    axes[1].imshow(np.where(mask, losses["inside"] < tau, 0.5), cmap="coolwarm", alpha=0.5, vmin=0, vmax=1)
    axes[2].plot(x, -np.minimum(x, tau))
    axes[2].plot([losses["inside"]], [losses["l_in"]], "o")
    plt.show()
    print(fill(CAPTION, losses | {"tau": tau, "steps": 0}))

slider = widgets.FloatSlider(min=0.05, max=1, step=0.01, value=0.5)
display(slider, widgets.interactive_output(redraw, {"tau": slider}))"""
# What only the model can tell: another image, through the network and back.
ASKED = ("small, 64 px", "resnet18, 224 px")
ASK = """data = skin(0, {size}, {{"nv": 4, "df": 24}}, {{"nv": 1}})
explore_cam(build("{backbone}", len(data.classes)).eval(), data, np.arange(len(data)));"""


def main() -> None:
    chosen = options(__doc__, threads=1)
    path = chromium()
    if path is None:
        print("The explorers are measured in Chromium, which is not installed: apt-get install chromium")
        return
    from playwright.sync_api import sync_playwright

    threads = {"OMP_NUM_THREADS": str(chosen.threads)}
    with (
        tempfile.TemporaryDirectory() as name,
        Lab(Path(name), threads) as lab,
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=path, args=FLAGS) as browser,
    ):
        tab = browser.new_page(viewport={"width": 1300, "height": 1000})
        asks = [ASK.format(size=size, backbone=name) for size, name in ((64, "small"), (224, "resnet18"))]
        lab.write("moves.ipynb", [SETUP, SHOW.format(size=64), PATTERN, SHOW.format(size=224), *asks])
        lab.open(tab, "moves.ipynb")
        lab.run_all(tab)
        tab.wait_for_function(
            "document.querySelectorAll('.ck-explorer').length === 4 && document.querySelector('.jupyter-widgets img')"
        )
        tab.evaluate(Path(__file__).with_suffix(".js").read_text(encoding="utf-8"))
        kernel = psutil.Process(int(tab.locator(".jp-OutputArea-output pre").first.inner_text()))
        moves(tab, 3 if chosen.quick else 60)
        drags(tab, 1 if chosen.quick else 9)
        questions(tab, 5 if chosen.quick else 50)
        memory(tab, kernel, 100 if chosen.quick else 1000)


def moves(tab, repeats: int) -> None:
    """From the event to the frame, side by side: each round makes one move of each."""
    taken: dict[str, list[float]] = {name: [] for name in NAMES}
    for turn in range(-3, repeats):
        own = [f"explorerMove({place}, {turn + 9})" for place in (0, 1)]
        values = [tab.evaluate(call) for call in ("emptyFrame()", *own, f"patternMove({turn % 2})")]
        if turn >= 0:  # the first three are to warm up
            for name, value in zip(NAMES, values, strict=True):
                taken[name].append(value)
    print(f"\nFrom a slider's event to the painted frame\n{'':30}{'median ms':>10}{'p95 ms':>8}{'times faster':>14}")
    ratios = {name: [b / a for a, b in zip(taken[name], taken[NAMES[3]], strict=True)] for name in NAMES}
    for name, values in taken.items():
        print(f"{name:30}{median(values):>10.1f}{p95(values):>8.1f}{median(ratios[name]):>14.1f}")
    for name in NAMES[1:3]:
        ratio, times = median(ratios[name]), taken[name]
        print(f"-> {name}: median {verdict(median(times), FRAME, ' ms')}; p95 {verdict(p95(times), LATE, ' ms')}")
        print(f"-> {name}: {ratio:.1f} times faster, {'at least' if ratio >= FASTER else 'below'} {FASTER}", flush=True)


def drags(tab, repeats: int) -> None:
    """How many frames of a drag of 60 steps in a second show where the finger is."""
    calls = ("emptyDrag()", "explorerDrag(0)", "explorerDrag(1)", "patternDrag()")
    frames = [[tab.evaluate(call) for call in calls] for _ in range(repeats)]
    print("\nFrames of a drag of 60 steps in a second")
    for name, found in zip(NAMES, map(median, zip(*frames, strict=True)), strict=True):
        print(f"{name:30}{found:>10.0f}")
        if name in NAMES[1:3]:
            print(f"-> {name}: {found:.0f} frames, {'at least' if found >= FRAMES else 'below'} {FRAMES}", flush=True)


def questions(tab, repeats: int) -> None:
    """Another image, asked from the model in the kernel, and its answer."""
    print()
    for place, name in enumerate(ASKED, 2):
        times = [tab.evaluate(f"askKernel({place}, {i % 20})") for i in range(repeats)]
        told = f"median {verdict(median(times), TRIP, ' ms')}; p95 {p95(times):.1f} ms"
        print(f"-> an image from the kernel, {name}: {told}", flush=True)


def memory(tab, kernel: psutil.Process, n: int) -> None:
    """What n moves leave behind in the page and in the kernel, which is told of each."""
    session = tab.context.new_cdp_session(tab)

    def now() -> tuple[float, float]:
        tab.wait_for_function("window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.status === 'idle'")
        session.send("HeapProfiler.collectGarbage")
        heap = session.send("Runtime.getHeapUsage")  # objects, and the arrays that lie beside them
        return (heap["usedSize"] + heap.get("backingStorageSize", 0)) / MB, kernel.memory_info().rss / MB

    tab.evaluate(f"manyMoves(0, {n // 10})")
    before = now()
    tab.evaluate(f"manyMoves(0, {n})")
    print(f"\nMemory after {n} moves")
    for name, old, new in zip(("page", "kernel"), before, now(), strict=True):
        print(f"-> {name}: {old:.1f} MB, then {new:.1f} MB: {verdict(new / old, GROWTH, digits=3)}")


def p95(values: list[float]) -> float:
    """The value that 95 of 100 do not exceed."""
    return sorted(values)[max(0, -(-95 * len(values) // 100) - 1)]


def verdict(value: float, target: float, unit: str = "", digits: int = 1) -> str:
    """The value and whether it is within its target."""
    within = round(value, digits) <= target
    return f"{value:.{digits}f}{unit}, {'within' if within else 'above'} {target:g}{unit}"


if __name__ == "__main__":
    main()
