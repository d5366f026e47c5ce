"""What somebody adds from outside, by one entry in one table each, is there wherever such a thing can be chosen."""

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch import nn

from carekit import compare, experiment
from carekit.course.explorers.ablation import explore_ablation
from carekit.course.explorers.cam import explore_cam
from carekit.course.explorers.cam.numbers import forward_pass
from carekit.course.explorers.frame import MIME
from carekit.experiment import Arm
from carekit.experiment.box_sources import BOX_SOURCES, BoxSource
from carekit.experiment.profiles import Profile
from carekit.ground import workspace
from carekit.method.cam import MAPS, Map, class_activation_map
from carekit.method.metrics import METRICS, Metric
from carekit.networks import BACKBONES, Parts, PooledLinear, build, checkpoints
from carekit.objectives import OBJECTIVES, Care, Loss, Objective
from carekit.research.figures import plots
from carekit.strategies import STRATEGIES, Strategy
from carekit.training import Schedule

QUICK = Schedule(epochs=2, batch_size=8, lr=2e-3)
PROFILE = Profile("test", 16, "one_convolution", False, 24, QUICK, QUICK, sweep_seeds=1)


def brightest_channel(features, gradient):
    """A toy map: the channel that is strongest in the middle of all."""
    return features.amax(1) + 0 * gradient.sum()


@dataclass(frozen=True)
class Brightness(Objective):
    """A toy objective that needs the images and no boxes: dark images count less."""

    weight: float = 1.0

    @property
    def needs_boxes(self):
        return False

    def control(self):
        return Brightness(0.0)

    def loss_of(self, step):
        l_c = step.classification(step.logits, step.labels)
        light = step.images.mean()
        return Loss(l_c * (1 + self.weight * light), l_c, {"light": light.detach()}, len(step.labels))


@dataclass(frozen=True)
class EveryOther(Strategy):
    """A toy strategy: every other image is drawn, in order; the trunk is frozen."""

    def sampler(self, labels):
        return list(range(0, len(labels), 2))

    def batch(self, batch):
        assert set((batch.labels == 0).tolist()) <= {True, False}
        return batch._replace(images=255 - batch.images)

    def prepare(self, model):
        model.trunk.requires_grad_(False)


@dataclass(frozen=True)
class TopLeft(BoxSource):
    """A toy source of boxes: always the same corner."""

    def __call__(self, data, rows):
        return {i: np.array([[0.0, 0.0, data.size / 2, data.size / 2]]) for i in rows}


def one_convolution(n_classes, imagenet):
    """A toy backbone."""
    return Parts(nn.Sequential(nn.Conv2d(3, 4, 4, stride=4), nn.ReLU()), PooledLinear(4, n_classes))


@pytest.fixture
def added(monkeypatch):
    monkeypatch.setitem(MAPS, "brightest", Map("brightest channel", brightest_channel))
    monkeypatch.setitem(OBJECTIVES, "brightness", Brightness)
    monkeypatch.setitem(STRATEGIES, "every_other", EveryOther())
    monkeypatch.setitem(BOX_SOURCES, "top_left", TopLeft)
    monkeypatch.setitem(BACKBONES, "one_convolution", one_convolution)
    half = Metric("share of images called rare", "called", (0, 1), lambda judged: float(judged.predicted.mean()))
    monkeypatch.setitem(METRICS, "called", half)


@pytest.fixture
def runs(added, tiny, monkeypatch):
    monkeypatch.setattr(
        experiment.comparing, "cpu_count", lambda: 1
    )  # what this module defines cannot be imported elsewhere
    arms = {
        "control": Arm().control(),
        "map": Arm(Care(method="brightest", tau=1.0)),
        "objective": Arm(OBJECTIVES.named("brightness")()),
        "strategy": Arm(strategy=STRATEGIES.named("every_other")),
        "boxes": Arm(Care(tau=1.0), BOX_SOURCES.named("top_left")()),
    }
    return compare(tiny, PROFILE, arms, [0], progress=False)


def test_each_trains_in_compare_and_does_something_of_its_own(runs, tiny):
    by_name = {run.arm: run for run in runs}
    weights = {run.arm: _weights(run) for run in runs}
    assert len(set(weights.values())) == len(runs)  # no two of the six are alike
    assert by_name["objective"].history["light"].between(0, 1).all()
    assert weights["strategy"][0] == weights["pretrained"][0]  # a frozen trunk
    assert weights["map"][0] != weights["pretrained"][0]
    logits, features = experiment.load_model(runs[0], tiny, PROFILE)(tiny.tensor([3]))
    found = class_activation_map(logits, features, torch.tensor([1]), method="brightest")
    assert found[0].argmax() == features[0].amax(0).argmax()


def _weights(run):
    model = build("one_convolution", 2)
    checkpoints.load(run.checkpoint, model)
    return tuple(parameter.sum().item() for parameter in model.parameters())


def test_a_metric_is_in_the_scores_the_tables_and_a_plot(runs):
    scores = experiment.scores(runs)
    assert scores["called"].between(0, 1).all()
    table = experiment.summary(scores, ["called"])
    assert ("called", "mean") in table.columns
    figure = plots.dots(scores, ["called"])
    assert figure.axes[0].get_xlabel() == "share of images called\nrare"
    difference = experiment.paired_difference(scores, "map", "control", ["called"])
    assert difference.index.tolist() == ["called"]


def test_its_source_decides_the_name_of_a_result(added, monkeypatch):
    before = workspace.key("carekit.experiment", a=1)
    other = Metric("another", "other", (0, 1), lambda judged: float(judged.labels.mean()))
    monkeypatch.setitem(METRICS, "called", other)
    assert workspace.key("carekit.experiment", a=1) != before


def test_a_name_that_is_nearly_right_is_asked_about(added):
    for table, name, right in (
        (MAPS, "brigthest", "brightest"),
        (OBJECTIVES, "brightnes", "brightness"),
        (STRATEGIES, "everyother", "every_other"),
        (BOX_SOURCES, "topleft", "top_left"),
        (BACKBONES, "one_convolutoin", "one_convolution"),
        (METRICS, "caled", "called"),
    ):
        with pytest.raises(ValueError, match=f"{table.what} = '{name}' is unknown: did you mean '{right}'"):
            table.named(name)


def test_a_map_is_among_an_explorers_choices_and_is_painted_from_python(added, tiny, displayed):
    model = build("small", 2)
    explore_cam(model, tiny, np.array([3, 7]))
    assert "brightest channel" in choices(displayed, "method")
    (seen, _) = forward_pass(model, tiny, np.array([3, 7]))
    np.testing.assert_allclose(seen.maps["brightest"][1], seen.features.max(0), atol=1e-6)


def test_a_metric_is_among_an_explorers_choices(runs, tiny, displayed):
    table = experiment.summary(experiment.scores(runs), ["rare_recall", "called"])
    table = table.rename(index={"map": "tau = 1.0"}).loc[["control", "tau = 1.0"]]
    maps = np.random.default_rng(0).random((2, 1, 2, 2), np.float32)
    explore_ablation(table, "control", {"tau": [1.0]}, tiny, np.array([3]), maps)
    assert "share of images called rare" in choices(displayed, "metric")


def choices(displayed, name):
    (control,) = [each for each in displayed[0][MIME]["controls"] if each["name"] == name]
    return [each["label"] for each in control["choices"]]
