import subprocess
import sys

import torch

from carekit.networks import vision


def test_transforms_and_models_work_with_the_torchvision_that_is_installed():
    image = vision.tv_tensors.Image(torch.arange(12, dtype=torch.uint8).view(3, 2, 2))
    assert torch.equal(vision.transforms.functional.horizontal_flip(image), image.flip(-1))
    assert vision.models.resnet18(weights=None).fc.out_features == 1000


def test_nothing_is_declared_where_the_operators_exist():
    assert hasattr(
        torch.ops.torchvision, "nms"
    )  # by torchvision itself, or by the first import of carekit.networks.vision
    assert vision.declare_missing_operators() is False


def test_a_torchvision_without_its_operators_is_mended():
    """A torchvision whose first import fails as a mismatched build does, in a process of its own."""
    script = """
import sys, types, torch
class Broken:
    tried = 0
    def find_spec(self, name, path=None, target=None):
        if name == "torchvision" and not hasattr(torch.ops.torchvision, "nms"):
            Broken.tried += 1
            raise RuntimeError("operator torchvision::nms does not exist")
sys.meta_path.insert(0, Broken())
from carekit.networks import vision
assert hasattr(torch.ops.torchvision, "nms")
assert vision.declare_missing_operators() is False
print(Broken.tried, vision.transforms.__name__)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["1", "torchvision.transforms.v2"]


def test_another_failure_of_torchvision_is_not_hidden():
    script = """
import sys
class Broken:
    def find_spec(self, name, path=None, target=None):
        if name == "torchvision":
            raise RuntimeError("something else is wrong")
sys.meta_path.insert(0, Broken())
import carekit.networks.vision
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode != 0 and "something else is wrong" in done.stderr
