"""The benchmarks run and print what they promise; no figure is judged here."""

import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
import torch

from carekit.method.cam import MAPS, activation_map, channel_weights, grad_cam_relu, normalise, resize, score_gradient
from carekit.networks import build

FOLDER = Path(__file__).parents[1] / "benchmarks"


@cache
def run(name):
    command = [sys.executable, FOLDER / f"{name}.py", "--quick", "--threads", "1"]
    done = subprocess.run(command, cwd=FOLDER.parent, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def ratio(text, name):
    """The ratios in the lines of one variant; each line holds its milliseconds, ratio, lowest and highest."""
    return [float(found) for found in re.findall(rf"^{re.escape(name)} +\d+\.\d +(\d+\.\d{{3}})", text, re.M)]


def test_a_step_is_compared_with_the_plain_and_the_printed_one():
    text = run("care_step")
    for name in ("plain", "CARE, weights by hand", "CARE, gradient through the head", "CARE, as Algorithm 2 prints it"):
        ratios = ratio(text, name)
        assert len(ratios) == (2 if "by hand" in name else 4) and min(ratios) > 0, text
    assert len(re.findall(r"^-> .*(?:within|above) the target of 1\.05", text, re.M)) == 2
    why = "-> the head of mobilenet_v3_small is not pooling and a linear layer: one more backward pass through it"
    assert text.count(why) == 2


def test_the_fast_step_has_the_loss_and_gradients_of_the_long_way():
    text = run("care_step")
    found = re.findall(r"^Same as by .*: loss to (\S+), gradients to (\S+) of", text, re.M)
    assert len(found) == 4
    for loss, gradient in found:
        assert float(loss) < 1e-5 and float(gradient) < 1e-3


def test_maps_are_compared_with_the_forward_pass():
    text = run("cam")
    for name in ("carekit, weights by hand", "carekit, gradient through the head"):
        (one,) = ratio(text, name)
        assert one > 0
    assert re.search(r"^-> .*(within|above) the target of 1\.05", text, re.M)
    for gap in re.findall(r"differ by at most (\S+) in", text):
        assert float(gap) < 1e-3


def test_a_step_with_each_map_is_compared_with_the_plain_one():
    text = run("maps")
    for name in ("plain", *(each.label for each in MAPS.values())):
        assert len(ratio(text, name)) == 2, text
    for name in ("HiResCAM", "LayerCAM"):
        assert len(re.findall(rf"^-> {name}: .*(?:within|above) the target of 1\.10", text, re.M)) == 2


def test_a_watched_model_is_compared_with_a_plain_one_and_with_other_libraries():
    pytest.importorskip("psutil", reason="psutil comes with the bench extra")
    text = run("watch")
    for name in ("plain", "CARE, watched", "CARE, watched, alpha = 0", "forward pass alone", "carekit, watched"):
        (one,) = ratio(text, name)
        assert one > 0, text
    assert re.search(r"^-> CARE, watched: .*(?:within|above) the target of 1\.02", text, re.M)
    assert re.search(r"^-> carekit, watched: .*(?:within|above) the target of 1\.05", text, re.M)
    alive, before = re.search(r"^-> tensors alive after 30 steps: (\d+), after 10: (\d+)$", text, re.M).groups()
    assert int(alive) == int(before) > 0
    assert re.search(
        r"^-> memory after 30 steps: \d+ MB, \d\.\d{3} of that after 10, (?:within|above) 1\.05", text, re.M
    )


def test_the_wait_for_data_is_a_share():
    text = run("data_loading")
    assert all(float(speed) > 0 for speed in re.findall(r"^(?:loading|training|both).* (\d+)$", text, re.M))
    assert 0 <= float(re.search(r"^-> waiting for data: (\d\.\d+)", text, re.M).group(1)) < 1


def test_kept_features_train_faster_than_the_whole_network():
    text = run("cached_features")
    ratios = [float(found) for found in re.findall(r"^-> kept features train at (\S+) times", text, re.M)]
    assert len(ratios) == 2 and min(ratios) > 1, text
    assert re.search(r"^-> 10,000 images take \d+ s, (within|above) 480 s", text, re.M)


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


def test_our_maps_are_pytorch_grad_cams():
    import carekit.networks.vision  # noqa: F401  the peer imports torchvision, which may need its operators declared first

    grad_cam = pytest.importorskip("pytorch_grad_cam", reason="pytorch-grad-cam comes with the bench extra")
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

    torch.manual_seed(0)
    model, images, labels = build("resnet18", 5).eval(), torch.rand(3, 3, 64, 64), torch.tensor([0, 4, 2])
    with grad_cam.GradCAM(Logits(model), [model.trunk[-1]]) as maker:
        theirs = torch.from_numpy(maker(images, [ClassifierOutputTarget(label) for label in labels.tolist()]))
    logits, features = model(images)
    maps = normalise(grad_cam_relu(features, score_gradient(logits, features, labels)))
    ours = normalise(resize(maps, (64, 64))).detach()
    assert ours.amax() == 1  # no empty maps on both sides
    torch.testing.assert_close(ours, theirs, atol=1e-4, rtol=0)


class BentHead(torch.nn.Module):
    """The small net behind a head that is not linear: the gradient differs from position to position."""

    def __init__(self):
        super().__init__()
        self.trunk = build("small", 5, seed=1).trunk
        self.head = torch.nn.Sequential(
            torch.nn.Conv2d(64, 8, 3), torch.nn.Tanh(), torch.nn.AdaptiveAvgPool2d(2), torch.nn.Flatten()
        )
        self.last = torch.nn.Linear(32, 5)

    def forward(self, images):
        return self.last(self.head(self.trunk(images)))


@pytest.mark.parametrize(
    "method, theirs", [("hires_cam", "HiResCAM"), ("layer_cam", "LayerCAM"), ("grad_cam_pp", "GradCAMPlusPlus")]
)
def test_the_other_maps_are_pytorch_grad_cams(method, theirs):
    import carekit.networks.vision  # noqa: F401  as above

    grad_cam = pytest.importorskip("pytorch_grad_cam", reason="pytorch-grad-cam comes with the bench extra")
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

    torch.manual_seed(0)
    net, images, labels = BentHead().eval(), torch.rand(3, 3, 64, 64), torch.tensor([0, 4, 2])
    net.last.weight.data *= 30  # a score so steep that the 1e-6 in their denominator is nothing
    with getattr(grad_cam, theirs)(net, [net.trunk[-1]]) as maker:
        their_maps = torch.from_numpy(maker(images, [ClassifierOutputTarget(label) for label in labels.tolist()]))
    features = net.trunk(images)
    gradient = score_gradient(net.last(net.head(features)), features, labels)
    maps = normalise(MAPS.named(method).function(features, gradient).relu())
    ours = normalise(resize(maps, (64, 64))).detach()
    assert ours.amax() == 1
    torch.testing.assert_close(ours, their_maps, atol=2e-4, rtol=0)


def test_memory_of_preparing_and_of_training_is_told():
    text = run("memory")
    assert len(re.findall(r"^-> preparing takes \d+ MB in all processes, (?:within|above) 1024 MB", text, re.M)) == 2
    assert len(re.findall(r"^training on \d+ images, \d epoch\(s\): \d{3,} MB", text, re.M)) == 2
    assert float(re.search(r"takes (\d\.\d+) of the memory of 60", text).group(1)) > 0.3


def test_a_batch_that_is_killed_again_and_again_ends_with_the_table_of_one_that_is_not():
    text = run("batch_kills")
    assert re.search(r"^disturbed: 8 runs .*, 3 kills \(1 of a kernel, 1 of a worker, 1 of a parent\)$", text, re.M)
    assert "-> every run is there once: yes; folders left over: 0; processes: 0" in text
    assert "-> the table is that of an undisturbed batch: yes" in text


def test_explorers_are_measured_beside_a_figure_of_the_kernel():
    text = run("explorers")
    if "not installed" in text:
        pytest.skip("chromium is not installed: apt-get install chromium")
    for name in ("explorer, 64 px", "explorer, 224 px"):
        assert re.search(rf"^-> {name}: median \d+\.\d ms, (?:within|above) 16\.7 ms; p95 \d", text, re.M), text
        assert float(re.search(rf"^-> {name}: (\d+\.\d) times faster", text, re.M).group(1)) > 1
        assert int(re.search(rf"^-> {name}: (\d+) frames", text, re.M).group(1)) > 0
    assert (
        len(re.findall(r"^-> an image from the kernel, .*: median \d+\.\d ms, (?:within|above) 150", text, re.M)) == 2
    )
    assert len(re.findall(r"^-> (?:page|kernel): .* MB: \d\.\d{3}, (?:within|above) 1\.05", text, re.M)) == 2
