"""The second stage as it runs: growing curves, and one image's attention from epoch to epoch, with CARE and without."""

from functools import partial
from typing import Any

import numpy as np
import traitlets
from matplotlib.figure import Figure

from carekit.course.explorers import scene
from carekit.course.explorers.controls import PAPER, PAPER_PRESETS, choice, index, parameter, toggle
from carekit.course.explorers.frame import Explorer
from carekit.course.explorers.overlay import Boxes, mask_of
from carekit.course.explorers.training.numbers import CAPTION, values, values_of
from carekit.course.explorers.training.recording import CURVES, Epoch, pack, record, watch
from carekit.course.explorers.training.session import TrainingSession
from carekit.data.prepared import Prepared
from carekit.experiment import Arm
from carekit.experiment.profiles import Profile
from carekit.networks import Backbone
from carekit.research.figures import plots

MOST = 30  # images that are sent to the browser
WITH, WITHOUT = "CARE", "α = 0"
PRESETS = PAPER_PRESETS | {"α too large": PAPER | {"alpha": 0.9}}


class TrainingExplorer(Explorer):
    """An explorer whose scene grows: `live` is the run that is shown, {"status", "run"}, once one was started."""

    live = traitlets.Dict().tag(sync=True)

    def __init__(self, session: TrainingSession, *args: Any, **options: Any):
        super().__init__(*args, answer=session.answer, **options)
        session.show = partial(setattr, self, "live")


def explore_training(
    model: Backbone,
    data: Prepared,
    profile: Profile,
    rows: np.ndarray,
    arm: Arm,
    seed: int = 0,
    *,
    progress: bool = True,
) -> TrainingExplorer:
    """Run the second stage with `arm` and with α = 0, then show the explorer of it.

    With a kernel the learner trains again, with other parameters.

    Args:
        model: the pretrained one, which stays as it is.
        data: both splits, "train" and "test".
        profile: its `finetune` is the schedule.
        rows: numbers of test images that have a box; the first 30 are shown, in their order.
        arm: how it is trained; the sliders start there.
        seed: of the order of images.
        progress: whether a bar shows how far it is.

    Raises:
        ValueError: where an image has no box, and for an arm that is not CARE with true or scaled boxes.
    """
    rows, test = np.asarray(rows)[:MOST], data.split("test")
    scene.check_boxed(test, rows, "attention is measured in")
    sent = scene.sent(test, rows, "test image") | {"labels": test.labels[rows].tolist()}
    # Refuses an arm that the sliders cannot show, before anything is trained.
    parameters = values_of(arm)
    seen = record(model, data, profile, rows, arm, seed, progress=progress)
    last, first = len(seen) - 1, next(iter(CURVES))
    whole = {"classes": data.classes, "metrics": list(CURVES), "epochs": profile.finetune.epochs}
    explorer = TrainingExplorer(
        TrainingSession(arm, lambda new: watch(model, data, profile, rows, new, seed)),
        "training",
        "The second stage, epoch by epoch",
        CAPTION,
        [
            index("epoch", "Epoch", profile.finetune.epochs),
            choice("metric", "Curve", CURVES),
            toggle("disagree", "Only where the models disagree"),
            *map(parameter, ("alpha", "tau", "lam", "box_scale")),
        ],
        {"epoch": last, "metric": first, "disagree": False} | parameters | {"image": 0},
        sent | whole | {"run": pack(seen, parameters)},
        presets=PRESETS,
        guess={"name": "gain", "label": "the gain of CARE in this curve, on test images"},
    )
    shown = values(seen, last, first, parameters, 0, mask_of(sent["boxes"][0], data.size), data.classes)
    explorer.show(still(seen, test.read(rows[:1])[0], sent["boxes"][0]), shown)
    return explorer


def still(seen: list[Epoch], image: np.ndarray, image_boxes: Boxes) -> Figure:
    """The curves of both models, and their maps after the last epoch."""
    figure, axes = plots.grid(3, size=3)
    chart, label = axes[0, 0], CURVES["rare_recall"]
    for place, (name, style) in enumerate(((WITH, "-"), (WITHOUT, "--"))):
        recalls = [epoch.curves[place, 1, 0] for epoch in seen]
        chart.plot(range(len(seen)), recalls, style, color=plots.colour_of(name), label=name)
    chart.set(xlabel="epoch", title=f"{label}\n(test images)", ylim=(-0.02, 1.02))
    chart.set(xticks=[0, len(seen) - 1], yticks=[0, 0.5, 1])
    chart.legend(frameon=False)
    for panel, map_, name in zip(axes[0, 1:], seen[-1].maps[:, 0], (WITH, WITHOUT), strict=True):
        plots.draw_attention(panel, image, map_, image_boxes, f"{name}, epoch {len(seen) - 1}")
    return figure
