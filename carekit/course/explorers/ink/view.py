"""An image to paint on, and what each model says of it; the ink of the test on one image, and on all of them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from carekit.course.explorers import scene
from carekit.course.explorers.captions import fill
from carekit.course.explorers.controls import choice, index, slider
from carekit.course.explorers.frame import Explorer, packed
from carekit.course.explorers.ink.numbers import Answers, first_of_all_classes, forward_pass, painted
from carekit.course.explorers.ink.thumbnails import thumbnails, turned_first
from carekit.networks import Backbone
from carekit.research.figures import plots
from carekit.research.setting.ink_pair import Pair, answers_to, check, counts

MOST = 21  # images that are sent to the browser, each clean and with ink
CLEAN, MARKED = "clean", "with the test’s ink"
COUNTED = ["others", "others_called_rare", "others_called_rare_marked"]
CAPTION = "{name}, {state}: {answers}.{?counts} {counts}{/}{?waiting} The models are being asked ...{/}"
ANSWER = "{model} says {label} ({rare} {chance:.2f})"  # of each model, joined by semicolons


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
        rows: numbers of images of the pair; the first 21 are sent. By default first those, in test
            order, whose answer the ink turns for the first model (see `turned_first`), then the first image of each
            class, the second, ..., which are not chosen by their outcome.
        inked: whether the first image starts with the test's ink.

    Raises:
        ValueError: for no model or no image, and for a pair that does not belong together.
    """
    if not models:
        raise ValueError("there is no model to ask: give at least one, {name: model}")
    clean, rarest = pair.clean, pair.clean.classes.index(pair.clean.rare[0])
    if rows is not None and not len(rows):
        raise ValueError("there is no image to paint on: give the number of at least one")
    # Counted once, over all images of the pair, not only over those that are sent.
    shown = check(pair)
    seen = {name: answers_to(model, pair, shown) for name, model in models.items()}
    if rows is None:
        rows = turned_first(seen, first_of_all_classes(clean.labels, rarest, MOST)).tolist()
    chosen = np.asarray(rows, int)[:MOST]
    images = {CLEAN: clean.read(chosen), MARKED: pair.marked.read(chosen)}
    answers = {
        state: [forward_pass(model, pixels, rarest) for model in models.values()] for state, pixels in images.items()
    }
    about: dict[str, Any] = {
        "answer": ANSWER,
        "classes": clean.classes,
        "labels": clean.labels[chosen].tolist(),
        "rarest": rarest,
        "marked": packed(images[MARKED]),
        "models": [{"name": name, "colour": plots.colour_of(name, i)} for i, name in enumerate(models)],
        "answers": [_sent(answers[state]) for state in (CLEAN, MARKED)],
        "counts": [],
        "thumbnails": thumbnails(pair, seen),
    }
    for name, of_model in seen.items():
        others, without, with_ink = (counts(of_model)[column] for column in COUNTED)
        about["counts"].append({"name": name, "others": others, "with": with_ink, "without": without})

    def answer(question: dict) -> dict[str, Any]:
        image = painted(question, clean.size)
        return _sent([forward_pass(model, image, rarest) for model in models.values()]) | {"key": question.get("key")}

    explorer = Explorer(
        "ink",
        "Ink on an image, and what the models say",
        CAPTION,
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
        answer=answer,
    )
    state = (CLEAN, MARKED)[inked]
    of_models = dict(zip(models, answers[state], strict=True))
    name = scene.name_of(clean, chosen[0], "test image")
    said = [_said(name, answer.probabilities[0], clean.classes, rarest) for name, answer in of_models.items()]
    picture = still(images[state][0], of_models, clean.boxes_of(chosen[0]))
    explorer.show(picture, {"name": name[0].upper() + name[1:], "state": state, "answers": "; ".join(said)})
    return explorer


def _said(model: str, chances: np.ndarray, classes: Sequence[str], rarest: int) -> str:
    label = classes[int(chances.argmax())]
    return fill(ANSWER, {"model": model, "label": label, "rare": classes[rarest], "chance": float(chances[rarest])})


def _sent(answers: Sequence[Answers]) -> dict[str, Any]:
    """Of each model, in one array: probabilities (m, n, c) and maps (m, n, u, v)."""
    return {
        "probabilities": packed(np.stack([answer.probabilities for answer in answers])),
        "maps": [packed(answer.maps) for answer in answers],
    }


def still(image: np.ndarray, answers: Mapping[str, Answers], boxes: np.ndarray) -> Figure:
    """The image, and of each model where the rarest class gets its score from."""
    figure, axes = plots.grid(1 + len(answers), size=2.6)
    plots.draw_image(axes[0, 0], image, boxes, "the image")
    for panel, (name, answer) in zip(axes[0, 1:], answers.items(), strict=True):
        plots.draw_score(panel, image, answer.maps[0], boxes, name)
    return figure
