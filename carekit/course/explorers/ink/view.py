"""An image to paint on, and what each model says of it; the ink of the test on one image, and on all of them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from carekit.course.explorers import scene
from carekit.course.explorers.controls import choice, index, slider
from carekit.course.explorers.frame import Explorer, packed
from carekit.course.explorers.ink.numbers import Answers, first_of_all_classes, look, painted, words
from carekit.networks import Backbone
from carekit.research.figures import plots
from carekit.research.setting.ink_pair import Pair, compare_marks

MOST = 21  # images that are sent to the browser, each clean and with ink
CLEAN, MARKED, PAINTED = "clean", "with the test's ink", "painted on"


def explore_ink(
    models: Mapping[str, Backbone], pair: Pair, rows: Sequence[int] | None = None, *, inked: bool = False
) -> Explorer:
    """Show the ink brush: paint on an image, remove the ink, draw it on all images, and see what each model says.

    With a kernel the models answer while one paints; a saved page has each image clean and with the test's ink. In a
    lesson: `explore_ink({"control": model, "CARE": other}, ink_test.marked_pair(lesson))`.

    Args:
        models: name -> model, in the order of their pictures; colours are `plots.colour_of`'s.
        pair: the same test images without and with the mark, whose counts are made when the explorer is; with kept
            features (`ink_test.keep_features`) that takes a second.
        rows: numbers of images of the pair; the first 21 are sent. By default the first image of each class, then the
            second, ...: none is chosen by its outcome.
        inked: whether the first image starts with the test's ink.

    Raises:
        ValueError: for no model or no image, and for a pair that does not belong together.
    """
    if not models:
        raise ValueError("there is no model to ask: give at least one, {name: model}")
    clean, rarest = pair.clean, pair.clean.classes.index(pair.clean.rare[0])
    chosen = first_of_all_classes(clean.labels, rarest, MOST) if rows is None else np.asarray(rows, int)[:MOST]
    if not len(chosen):
        raise ValueError("there is no image to paint on: give the number of at least one")
    counts = compare_marks(models, pair)
    images = {CLEAN: clean.read(chosen), MARKED: pair.marked.read(chosen)}
    answers = {state: [look(model, each, rarest) for model in models.values()] for state, each in images.items()}
    about = {
        "classes": clean.classes,
        "labels": clean.labels[chosen].tolist(),
        "rarest": rarest,
        "marked": packed(images[MARKED]),
        "models": [{"name": name, "colour": plots.colour_of(name, i)} for i, name in enumerate(models)],
        "answers": [_sent(answers[state]) for state in (CLEAN, MARKED)],
        "counts": [_count(name, row) for name, row in counts.iterrows()],
    }
    explorer = Explorer(
        "ink",
        "Ink on an image, and what the models say",
        [
            index("image", "Image", len(chosen) - 1),
            choice("tool", "Brush", {"ink": "paints ink", "eraser": "takes it away"}),
            slider("width", "Width", 1, max(2, clean.size // 8), 1),
        ],
        {"image": 0, "tool": "ink", "width": max(1, clean.size // 20), "inked": inked, "all": False, "strokes": {}},
        scene.sent(clean, chosen, "test image") | about,
        guess={
            "name": "turned",
            "label": f"the number of images that {next(iter(models))} then calls {clean.rare[0]}",
            "most": about["counts"][0]["others"],
        },
        answer=lambda question: _answer(list(models.values()), clean.size, rarest, question),
    )
    state = MARKED if inked else CLEAN
    said = {name: found.probabilities[0] for name, found in zip(models, answers[state], strict=True)}
    name = scene.name_of(clean, chosen[0], "test image")
    still = _still(images[state][0], dict(zip(models, answers[state], strict=True)), clean.boxes_of(chosen[0]))
    explorer.show(still, words(name, state, said, clean.classes, rarest))
    return explorer


def _sent(answers: Sequence[Answers]) -> dict[str, Any]:
    """Of each model, in one array: probabilities (m, n, c) and maps (m, n, u, v)."""
    return {
        "probabilities": packed(np.stack([each.probabilities for each in answers])),
        "maps": [packed(each.maps) for each in answers],
    }


def _count(name: Any, row: Any) -> dict[str, Any]:
    with_ink, without = int(row["others_called_rare_marked"]), int(row["others_called_rare"])
    return {"name": name, "others": int(row["others"]), "with": with_ink, "without": without}


def _answer(models: Sequence[Backbone], size: int, rarest: int, question: dict) -> dict[str, Any]:
    image = painted(question, size)
    return _sent([look(model, image, rarest) for model in models]) | {"key": question.get("key")}


def _still(image: np.ndarray, answers: Mapping[str, Answers], boxes: np.ndarray) -> Figure:
    figure, axes = plots.grid(1 + len(answers), size=2.6)
    plots.draw_image(axes[0, 0], image, boxes, "the image")
    for panel, (name, found) in zip(axes[0, 1:], answers.items(), strict=True):
        plots.draw_score(panel, image, found.maps[0], boxes, name)
    return figure
