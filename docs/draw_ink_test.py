"""Draw README's picture, and write its counts, from the models of lesson 5 (found again if `make course` has run).

Run it with the project's environment: `.venv/bin/python docs/draw_ink_test.py`.
"""

import json
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib import colors
from matplotlib.axes import Axes

from carekit import Care, compare, experiment
from carekit.experiment import Arm
from carekit.experiment.evaluation import predict
from carekit.research.setting import open_setting
from carekit.research.setting.ink_runs import ink_test, marked_pair

CONTROL, CARE = "ordinary network", "with CARE"
FRAME = {CONTROL: "#D55E00", CARE: "#0072B2"}  # the colours of both networks in all figures
COLUMNS, SIDE, GAP = 30, 28, 2  # of the thumbnails: in a row; pixels of one, and of the frame around it
FADED = 0.72  # the share of white in a picture that is not called the rare disease
HERE = Path(__file__).parent


def main() -> None:
    lesson = open_setting({})
    runs = compare(lesson.data, lesson.profile, {CONTROL: Arm(Care(alpha=0)), CARE: lesson.arm}, lesson.seeds)
    runs = [run for run in runs if run.arm in FRAME]
    counts = {arm: rows.drop(columns="arm").to_dict("list") for arm, rows in ink_test(lesson, runs).groupby("arm")}
    scores = experiment.scores(runs).groupby("arm")[["rare_recall", "mca"]].mean().to_dict("index")
    (HERE / "ink_test.json").write_text(json.dumps({"counts": counts, "scores": scores}, indent=1) + "\n")
    draw(lesson, runs)
    print(json.dumps(counts, indent=1))


def draw(lesson, runs) -> None:
    """All test images of the other diseases, before and after ink, for the first seed of both networks."""
    pair = marked_pair(lesson)
    rarest = pair.clean.classes.index(lesson.rare)
    others = np.flatnonzero(pair.clean.labels != rarest)
    figure, panels = plt.subplots(2, 2, figsize=(13, 6.4), layout="constrained")
    for row, arm in zip(panels, FRAME, strict=True):
        run = next(run for run in runs if run.arm == arm and run.seed == lesson.seeds[0])
        model = experiment.load_model(run, lesson.data, lesson.profile)
        for axes, data, when in zip(row, (pair.clean, pair.marked), ("before", "with ink drawn on them"), strict=True):
            images = data.take(others)
            called = predict(model, images).probabilities.argmax(1) == rarest
            thumbnails(axes, images.read(range(len(images))), called, FRAME[arm])
            axes.set_title(f"{arm}, {when}: {called.sum()} of {len(called)} called {lesson.rare}", loc="left")
    figure.savefig(HERE / "ink_test.png", dpi=110)


def thumbnails(axes: Axes, images: np.ndarray, called: np.ndarray, colour: str) -> None:
    """Small pictures (n, s, s, 3) in rows; one that is called the rare disease has its colours and a frame."""
    cell = SIDE + 2 * GAP
    rows = -(-len(images) // COLUMNS)
    sheet = np.ones((rows * cell, COLUMNS * cell, 3))
    for i, image in enumerate(images):
        top, left = (i // COLUMNS) * cell, (i % COLUMNS) * cell
        pixels = np.linspace(0, len(image) - 1, SIDE).round().astype(int)
        picture = image[pixels][:, pixels] / 255  # (SIDE, SIDE, 3), each of the nearest pixel
        if called[i]:
            sheet[top : top + cell, left : left + cell] = colors.to_rgb(colour)
        else:
            picture = FADED + (1 - FADED) * picture
        sheet[top + GAP : top + GAP + SIDE, left + GAP : left + GAP + SIDE] = picture
    axes.imshow(sheet)
    axes.set_axis_off()


if __name__ == "__main__":
    main()
