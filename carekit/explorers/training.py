"""The second stage as it runs: growing curves, and one image's attention from epoch to epoch, with CARE and without."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from threading import RLock

import numpy as np
import traitlets
from matplotlib.figure import Figure

from carekit import boxes
from carekit.backbones import Backbone
from carekit.box_sources import Scaled
from carekit.data.prepared import Prepared
from carekit.experiment import Arm
from carekit.explorers import loss
from carekit.explorers.frame import Explorer, choice, packed, slider
from carekit.explorers.live import Live
from carekit.explorers.recording import CURVES, Epoch, pack, record, watch
from carekit.explorers.study import inside
from carekit.lessons import plots
from carekit.profiles import Profile

MOST = 6  # images that are sent to the browser
WITH, WITHOUT = "CARE", "α = 0"
PRESETS = {name: loss.PRESETS[name] for name in ("The paper's values", "τ too small", "A loose box")}
PRESETS["α too large"] = {"alpha": 0.9}


class TrainingExplorer(Explorer):
    """An explorer whose scene grows: `live` is the run that is shown, {"status", "run"}, once one was started."""

    live = traitlets.Dict().tag(sync=True)


def explore_training(
    model: Backbone,
    data: Prepared,
    profile: Profile,
    rows: np.ndarray,
    arm: Arm,
    seed: int = 0,
    *,
    progress: bool = True,
) -> Explorer:
    """Run the second stage with `arm` and with α = 0, then show the explorer of it.

    model: the pretrained one, which stays as it is. rows: of the test images; the first 6 are shown. With a kernel the
    learner trains anew, with other parameters. Raises ValueError where an image has no box, and what `finetune` raises.
    """
    rows, test = np.asarray(rows)[:MOST], data.split("test")
    corners = [boxes.check(test.boxes_of(i), (data.size, data.size)).tolist() for i in rows]
    if not corners or not all(corners):
        raise ValueError("attention is measured in images that have a box: choose some with lesson.rare_rows")
    seen = record(model, data, profile, rows, arm, seed, progress=progress)
    parameters, last, figure = values_of(arm), len(seen) - 1, next(iter(CURVES.values()))
    scene = {
        "size": data.size,
        "classes": data.classes,
        "curves": list(CURVES.values()),
        "epochs": profile.finetune.epochs,
        "images": packed(test.read(rows)),
        "boxes": corners,
        "names": [f"{data.classes[test.labels[i]]}, test image {i}" for i in rows],
        "run": pack(seen, parameters),
    }
    explorer = TrainingExplorer(
        "training",
        "The second stage, epoch by epoch",
        _controls(len(rows), profile.finetune.epochs),
        {"image": 0, "epoch": last, "figure": figure} | parameters,
        scene,
        presets=PRESETS,
        guess={"name": "gain", "label": "what CARE gains in the chosen curve, on test images,"},
        answer=_trainer(
            arm,
            lambda new: watch(model, data, profile, rows, new, seed),
            lambda live: setattr(explorer, "live", live),
        ),
    )
    told = words(seen, last, figure, parameters, 0, corners[0], data)
    explorer.show(_still(seen, test.read(rows[:1])[0], corners[0]), told)
    return explorer


def _controls(n: int, epochs: int) -> list[dict]:
    return [
        slider("image", "Image", 0, n - 1, 1),
        slider("epoch", "Epoch", 0, epochs, 1),
        choice("figure", "Curve", list(CURVES.values())),
        *(loss.SLIDERS[name] for name in ("alpha", "tau", "lam", "scale")),
    ]


def values_of(arm: Arm) -> dict[str, float]:
    """What the sliders stand at for an arm."""
    scale = arm.boxes.box_scale if isinstance(arm.boxes, Scaled) else 1.0
    return {"alpha": arm.objective.alpha, "tau": arm.objective.tau, "lam": arm.objective.lam, "scale": scale}


def changed(arm: Arm, values: dict[str, float]) -> Arm:
    """The arm with what the sliders stand at. Raises ValueError for a value out of range."""
    objective = replace(arm.objective, **{name: values[name] for name in ("alpha", "tau", "lam")})
    return replace(arm, objective=objective, boxes=Scaled(values["scale"]))


def _trainer(arm: Arm, steps: Callable[[Arm], Iterator[Epoch]], show: Callable[[dict], None]) -> Callable[[dict], dict]:
    """The answer to what the buttons ask: {"do": "start", "parameters"}, "pause", "go on", "stop" or "forget"."""
    running: list[Live] = []
    turn = RLock()  # what is told by a thread must not come after what took its place

    def replace_by(new: list[Live], shown: dict) -> None:
        with turn:
            for each in running:
                each.stop()
            running[:] = new
            show(shown)

    def start(question: dict) -> None:
        new = changed(arm, question["parameters"])

        def tell(status: str, seen: list[Epoch]) -> None:
            shown = {"status": status, "run": pack(seen, values_of(new)) if seen else None}
            with turn:
                if this in running:
                    show({} if status == "stopped" and not seen else shown)

        this = Live(steps(new), tell)
        replace_by([this], {"status": "training", "run": None})
        this.start()

    def answer(question: dict) -> dict:
        do = question.get("do")
        if do == "start":
            start(question)
        elif do == "forget":
            replace_by([], {})
        elif do in ("pause", "go on", "stop") and running:
            {"pause": running[-1].pause, "go on": running[-1].go_on, "stop": running[-1].stop}[do]()
        else:
            raise ValueError(f"there is no training to {do}: start one")
        return {}

    return answer


def words(
    seen: Sequence[Epoch],
    epoch: int,
    figure: str,
    parameters: dict[str, float],
    image: int,
    image_boxes,
    data: Prepared,
) -> str:
    """One epoch in sentences: the chosen curve with CARE and without, and both models on one image."""
    now, place = seen[epoch], list(CURVES.values()).index(figure)
    trained = ", ".join(
        f"{sign} {parameters[name]:.2f}"
        for sign, name in (("α", "alpha"), ("τ", "tau"), ("λ", "lam"), ("box scale", "scale"))
    )
    train, test = ([_three(value) for value in now.curves[:, part, place]] for part in (0, 1))
    shares = [inside(map_, image_boxes, data.size) for map_ in now.maps[:, image]]
    said = [f"{data.classes[p.argmax()]} ({p.max():.2f})" for p in now.probabilities[:, image]]
    return (
        f"Epoch {epoch} of {len(seen) - 1} with {trained}: "
        f"{figure} {test[0]} with CARE, {test[1]} with α = 0 on test images; "
        f"{train[0]} and {train[1]} on training images. "
        f"Attention inside the box of this image: {shares[0]:.3f} with CARE, {shares[1]:.3f} with α = 0; "
        f"they say {said[0]} and {said[1]}."
    )


def _three(value: float) -> str:
    return "unknown" if np.isnan(value) else f"{value:.3f}"


def _still(seen: Sequence[Epoch], image: np.ndarray, image_boxes) -> Figure:
    figure, axes = plots.grid(3, size=3)
    chart, label = axes[0, 0], CURVES["rare_recall"]
    for place, (name, style) in enumerate(((WITH, "-"), (WITHOUT, "--"))):
        values = [each.curves[place, 1, 0] for each in seen]
        chart.plot(range(len(seen)), values, style, color=plots.COLOURS[place], label=name)
    chart.set(xlabel="epoch", title=f"{label}\n(test images)", ylim=(-0.02, 1.02))
    chart.set(xticks=[0, len(seen) - 1], yticks=[0, 0.5, 1])
    chart.legend(frameon=False)
    for panel, map_, name in zip(axes[0, 1:], seen[-1].maps[:, 0], (WITH, WITHOUT), strict=True):
        plots.draw_attention(panel, image, map_, image_boxes, f"{name}, epoch {len(seen) - 1}")
    return figure
