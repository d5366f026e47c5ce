"""Draw README's picture from the models of lesson 5 (found again if `make course` has run, trained otherwise)."""

from pathlib import Path

import torch

from carekit import Care, class_activation_map, compare, experiment
from carekit.experiment import Arm
from carekit.lessons import begin, plots

SHOWN = 4  # the first test images of the rarest class: not chosen for their looks


def main() -> None:
    lesson = begin({})
    arms = {"fine-tuned, α = 0": Arm(Care(alpha=0)), "fine-tuned, CARE": lesson.arm}
    runs = compare(lesson.data, lesson.profile, arms, lesson.seeds)
    models = {
        run.arm: experiment.load_model(run, lesson.data, lesson.profile) for run in runs if run.seed == lesson.seeds[0]
    }
    test, rows = lesson.test, lesson.rare_rows(lesson.test)[:SHOWN]
    images = test.tensor(rows)
    figure, axes = plots.grid(SHOWN, 1 + len(models), size=1.8)
    for column, i in enumerate(rows):
        plots.draw_image(axes[0, column], test.read([i])[0], test.boxes_of(i))
    for panels, (name, model) in zip(axes[1:], models.items(), strict=True):
        logits, features = model(images)
        maps = class_activation_map(logits, features, torch.tensor(test.labels[rows])).detach().numpy()
        for panel, i, map_, said in zip(panels, rows, maps, logits.argmax(1).tolist(), strict=True):
            plots.draw_attention(panel, test.read([i])[0], map_, test.boxes_of(i), f"says {test.classes[said]}")
        panels[0].set_ylabel(name, fontsize=9)
    axes[0, 0].set_ylabel(f"test image ({lesson.rare})", fontsize=9)
    figure.savefig(Path(__file__).with_name("attention.png"), dpi=90, bbox_inches="tight")


if __name__ == "__main__":
    main()
