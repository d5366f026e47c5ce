"""The benchmarks run and print what they promise; no figure is judged here."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from carekit.cam import activation_map, channel_weights
from carekit.models import build

FOLDER = Path(__file__).parents[1] / "benchmarks"


def run(name):
    done = subprocess.run([sys.executable, FOLDER / f"{name}.py", "--quick"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_step_is_compared_with_the_plain_and_the_printed_one():
    text = run("care_step")
    for name in ("plain", "CARE, weights by hand", "CARE, gradient through the head", "CARE, as Algorithm 2 prints it"):
        assert len(re.findall(rf"^{name} +\d+\.\d +\d+\.\d{{3}}", text, re.M)) == 2, text
    assert "the target of 1.10" in text
    loss, gradient = map(float, re.search(r"loss to (\S+), gradients to ([\d.e-]+)", text).groups())
    assert loss < 1e-5 and gradient < 1e-4


def test_maps_are_compared_with_the_forward_pass():
    text = run("cam")
    assert re.search(r"^carekit, gradient through the head +\d+\.\d +\d+\.\d{3}", text, re.M)
    assert "the target of 1.05" in text


def test_the_wait_for_data_is_a_share():
    share = float(re.search(r"waiting for data: (\d\.\d+)", run("data_loading")).group(1))
    assert 0 <= share < 1


class Logits(torch.nn.Module):
    def __init__(self, backbone):
        super().__init__()
        self.backbone = backbone

    def forward(self, images):
        return self.backbone(images).logits


@pytest.mark.parametrize("name", ["small", "resnet18"])
def test_our_maps_are_captums(name):
    captum = pytest.importorskip("captum.attr", reason="captum comes with the bench extra")
    torch.manual_seed(0)
    model, images, labels = build(name, 5).eval(), torch.rand(3, 3, 64, 64), torch.tensor([0, 4, 2])
    theirs = captum.LayerGradCam(Logits(model), model.trunk[-1]).attribute(images, labels)[:, 0]
    logits, features = model(images)
    ours = activation_map(features, channel_weights(logits, features, labels))
    torch.testing.assert_close(ours, theirs, atol=1e-6, rtol=1e-4)
