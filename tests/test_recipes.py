"""Each piece of code of docs/recipes.md runs as it is printed, after the first one."""

import re
from pathlib import Path

import pytest
import torch

from carekit import box_masks
from carekit.networks.vision import models

ROOT = Path(__file__).parents[1]
PIECES = re.findall(r"^## (.*?)\n(.*?)(?=^## |\Z)", (ROOT / "docs/recipes.md").read_text(encoding="utf-8"), re.M | re.S)
CODE = [
    pytest.param(code, id=f"{title} {i}")
    for title, text in PIECES
    for i, code in enumerate(re.findall(r"```python\n(.*?)```", text, re.S))
]
FIRST = re.search(r"```python\n(.*?)```", (ROOT / "docs/recipes.md").read_text(encoding="utf-8"), re.S).group(1)


@pytest.fixture
def names():
    torch.manual_seed(0)
    images = torch.rand(6, 3, 64, 64)
    labels = torch.tensor([4, 0, 4, 1, 2, 0])
    boxes = [[(5, 8, 30, 33)], [(20, 10, 44, 30)], [], [(2, 30, 25, 60)], [(30, 30, 60, 50)], []]
    model = models.resnet18(weights=None, num_classes=5)
    return {
        "torch": torch,
        "model": model,
        "images": images,
        "labels": labels,
        "boxes": boxes,
        "masks": box_masks(boxes, (64, 64))[0].float(),
        "loader": [(images, labels, boxes)],
        "optimizer": torch.optim.AdamW(model.parameters(), lr=1e-4),
    }


@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf")  # torch.compile's own
@pytest.mark.parametrize("code", CODE)
def test_a_recipe(code, names, capsys):
    if "monai" in code:
        pytest.importorskip("monai", reason="MONAI comes with the interop extra")
    exec(FIRST, names)
    assert "CARE watches the layer 'layer4'" in capsys.readouterr().out
    names.pop("loss")
    exec(code, names)
    if "loss" in names:
        assert names["loss"].total.isfinite() and names["loss"].boxed > 0
    if "picture" in names:
        assert names["picture"].shape == (64, 64, 3)
    if "attention" in names:
        assert names["attention"].compute()["boxed"] == 4


def test_there_are_recipes():
    assert len(CODE) >= 12
