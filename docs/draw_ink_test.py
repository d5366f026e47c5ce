"""Draw README's picture, and write its counts, from the models of lesson 5 (found again if `make course` has run).

Run it with the project's environment: `.venv/bin/python docs/draw_ink_test.py`.
"""

import json
from pathlib import Path

import numpy as np

from carekit import Care, compare, experiment
from carekit.experiment import Arm
from carekit.experiment.evaluation import predict
from carekit.research.figures import plots
from carekit.research.setting import open_setting
from carekit.research.setting.ink_runs import ink_test, marked_pair

CONTROL, CARE = "ordinary network", "with CARE"
HERE = Path(__file__).parent


def main() -> None:
    lesson = open_setting({})
    runs = compare(lesson.data, lesson.profile, {CONTROL: Arm(Care(alpha=0)), CARE: lesson.arm}, lesson.seeds)
    runs = [run for run in runs if run.arm in (CONTROL, CARE)]
    marks = ink_test(lesson, runs)
    pair = marked_pair(lesson)
    others = [c for c in range(len(pair.marked.classes)) if pair.marked.classes[c] != lesson.rare]
    first = np.array([int(np.flatnonzero(pair.marked.labels == c)[0]) for c in others])  # not chosen by their outcome
    figure, axes = plots.grid(len(first), 3, size=1.7)
    for column, i in enumerate(first):
        name = pair.marked.classes[pair.marked.labels[i]]
        plots.draw_image(axes[0, column], pair.marked.read([i])[0], pair.marked.boxes_of(i), name)
    axes[0, 0].set_ylabel("test image, ink added", fontsize=8)
    counts = {}
    for panels, arm in zip(axes[1:], (CONTROL, CARE), strict=True):
        of_arm = marks[marks.arm == arm]
        counts[arm] = of_arm[["others", "others_called_rare", "others_turned"]].to_dict("list")
        run = next(run for run in runs if run.arm == arm and run.seed == lesson.seeds[0])
        model = experiment.load_model(run, lesson.data, lesson.profile)
        wanted = np.full(len(first), pair.marked.classes.index(lesson.rare))
        plots.answers(panels, pair.marked.take(first), predict(model, pair.marked.take(first), classes=wanted), arm)
    told = "; ".join(f"{arm} {', '.join(map(str, each['others_turned']))}" for arm, each in counts.items())
    total = counts[CARE]["others"][0]
    figure.suptitle(f"Ink drawn on {total} images of other diseases; so many become {lesson.rare}: {told}", fontsize=10)
    figure.savefig(HERE / "ink_test.png", dpi=90, bbox_inches="tight")
    found = experiment.scores(runs).groupby("arm")[["rare_recall", "mca"]].mean().to_dict("index")
    (HERE / "ink_test.json").write_text(json.dumps({"counts": counts, "scores": found}, indent=1) + "\n")
    print(told)


if __name__ == "__main__":
    main()
