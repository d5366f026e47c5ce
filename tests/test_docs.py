"""The pages of docs/: their code runs, their words are explained, their links lead somewhere."""

import re
from pathlib import Path

import pytest
import torch

from carekit.course.exercises import EXERCISES
from carekit.experiment.profiles import profile
from carekit.material.drawing import KINDS, draw

DOCS = Path(__file__).parents[1] / "docs"
PAGES = [DOCS / f"{name}.md" for name in ("cheat_sheet", "common_errors", "glossary", "teaching")]


@pytest.fixture
def names(tmp_path, monkeypatch):
    """What the cheat sheet's lines take for granted: networks, a batch, a data set, a profile."""
    monkeypatch.setenv("CAREKIT_RUNS", str(tmp_path))
    torch.manual_seed(0)
    convolution = torch.nn.Conv2d(3, 8, 3, stride=4)
    head = torch.nn.Linear(8, 7)
    model = torch.nn.Sequential(convolution, torch.nn.ReLU(), torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), head)

    def net(images):
        features = convolution(images).relu()
        return head(features.mean((2, 3))), features

    images, labels, boxes = torch.rand(3, 3, 64, 64), torch.tensor([6, 0, 6]), [[(8, 8, 40, 40)], [], [(9, 2, 30, 50)]]
    kind = KINDS["synthetic"]
    data = draw(kind, 0, 32, dict.fromkeys(kind.classes, 6), dict.fromkeys(kind.classes, 3), shortcut=0.5)
    return {
        "model": model,
        "net": net,
        "images": images,
        "labels": labels,
        "boxes": boxes,
        "loader": [(images, labels, boxes)] * 2,
        "optimizer": torch.optim.AdamW(model.parameters(), lr=1e-3),
        "data": data,
        "profile": profile("fast"),
    }


def test_the_cheat_sheets_code_runs_as_it_stands(names, capsys):
    code = re.findall(r"```python\n(.*?)```", (DOCS / "cheat_sheet.md").read_text(encoding="utf-8"), re.S)
    assert len(code) == 3
    for block in code:
        exec(block, names)
    assert names["loss"].boxed == 2 and names["maps"].shape[0] == 3 and names["total"].isfinite()
    assert set(names["scores"].arm) >= {"control", "CARE"} and "difference" in capsys.readouterr().out


def test_the_glossary_is_in_order_and_has_every_word_that_a_lesson_makes_bold_as_a_term():
    text = (DOCS / "glossary.md").read_text(encoding="utf-8")
    words = re.findall(r"^\*\*(.+?)\*\* \(\d+\)\. ", text, re.M)
    assert len(words) > 40 and len(set(words)) == len(words)
    letters = [word.lower() for word in words if word[0].isalpha()]
    assert letters == sorted(letters)
    for term in (
        "lesion",
        "class",
        "auc",
        "±",
        "head",
        "min-max",
        "shortcut",
        "grad-cam",
        "recall",
        "precision",
        "lift",
    ):
        assert any(term in word.lower() for word in words), term


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_lead_to_files_and_headings_go_down_by_one(page):
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.S)
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", text):
        assert (DOCS / target).exists(), target
    levels = [len(marks) for marks in re.findall(r"^(#+) ", text, re.M)]
    assert levels[0] == 1 and all(b - a <= 1 for a, b in zip(levels, levels[1:], strict=False))


def test_the_teachers_guide_names_exercises_that_exist():
    text = (DOCS / "teaching.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([a-z_]+)`", text)) - {"runs"}
    assert named <= set(EXERCISES), named - set(EXERCISES)
    assert {"care_step", "mca", "paired_interval"} <= named
