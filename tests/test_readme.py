"""What the README shows must work as it is printed."""

import json
import re
import subprocess
import sys
from pathlib import Path

import torch

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_lines_for_a_training_loop_of_ones_own(capsys):
    from carekit.networks.vision import models

    code = next(block for block in re.findall(r"```python\n(.*?)```", README, re.S) if ".watch(model)" in block)
    torch.manual_seed(0)
    images = torch.rand(3, 3, 224, 224)
    labels = torch.tensor([4, 0, 4])
    boxes = [[(40, 50, 120, 160)], [], [(0, 0, 30, 30), (100, 100, 224, 200)]]
    model = models.densenet121(weights=None, num_classes=5)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4)
    names = {"model": model, "loader": [(images, labels, boxes)] * 2, "optimizer": optimizer}
    exec(code, names)
    assert "CARE watches the layer 'features', maps of 7 x 7" in capsys.readouterr().out
    gradients = [parameter.grad for parameter in model.parameters()]
    assert all(gradient is not None and gradient.isfinite().all() for gradient in gradients)
    assert names["loss"].boxed == 2
    lines = [line for line in code.splitlines() if "care" in line.lower() and "import" not in line]
    assert len(lines) == 2  # the rest is a training loop as anybody has it


def test_the_counts_of_the_ink_test_are_those_that_the_command_wrote():
    written = json.loads((ROOT / "docs" / "ink_test.json").read_text())
    ordinary, care = (written["counts"][name] for name in ("ordinary network", "with CARE"))
    turned = ["{}, {} and {}".format(*counts["others_turned"]) for counts in (ordinary, care)]
    assert f"Ink drawn on {care['others'][0]} test images of other diseases turns {turned[0]} of them" in README
    assert f"It turns {turned[1]} for the same network trained with CARE" in README
    assert f"Of {ordinary['rare'][0]} *df* without ink it finds {ordinary['rare_found'][0]}" in README
    assert f"and {care['rare_found'][0]} with CARE (first seed)" in README


def test_the_gains_are_those_of_the_kept_results():
    from carekit.research.studies.headline import headline, written_into

    studies = (ROOT / "docs" / "studies.md").read_text(encoding="utf-8")
    assert written_into(README, headline(short=True)) == README
    assert written_into(studies, headline()) == studies


def test_it_is_read_in_some_minutes():
    assert len(README.split()) <= 900


def test_the_core_needs_no_jupyter():
    script = """
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("IPython", "ipykernel", "jupyterlab", "ipywidgets", "papermill", "nbformat",
                                  "nbconvert", "matplotlib"):
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Missing())
import carekit
for name in carekit.__all__:
    getattr(carekit, name)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_every_linked_file_exists():
    for target in re.findall(
        r"\]\((?!http)([^)#]+)\)", README + (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    ):
        assert (ROOT / target).exists(), target


def test_every_make_target_it_names_is_one_line_over_the_command():
    makefile = (ROOT / "Makefile").read_text()
    for target in set(re.findall(r"(?:^|`)make ([a-z]+)", README, re.M)):
        assert re.search(rf"^{target}:", makefile, re.M), target
    for target in ("course", "test", "lab", "site", "studies", "bench", "lint", "docs"):
        recipe = re.search(rf"^{target}:.*\n((?:\t.*\n?)+)", makefile, re.M).group(1)
        assert recipe.count("\n") <= 1 and "-m carekit" in recipe
