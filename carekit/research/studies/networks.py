"""What lesson 8 compares: CARE on several networks, and with several maps in its loss."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float

from carekit import experiment
from carekit.data.prepared import Prepared
from carekit.experiment import Arm
from carekit.experiment.profiles import Profile, with_backbone
from carekit.method.cam import MAPS, class_activation_map
from carekit.networks import Backbone, build
from carekit.research.setting import setting as setup
from carekit.research.studies.treatments import Comparison, run
from carekit.training import Schedule

if TYPE_CHECKING:
    from carekit.research.setting.setting import Setting

CONTROL, CARE = "without attention", "CARE"


@dataclass(frozen=True)
class Network:
    """A network of the comparison.

    Args:
        backbone: its name, as `carekit.networks.build` takes it.
        profile: how it is trained.
        earlier: a layer before its last one, whose maps are worth a look; empty for none.
    """

    backbone: str
    profile: Profile
    earlier: str = ""


def networks(lesson: "Setting") -> dict[str, Network]:
    """The networks that the profile can afford, by what they are in words; the lesson's own is the first."""
    own = lesson.profile
    if own.name == "paper":
        others = {"VGG19": "vgg19", "ViT-B/16": "vit_b_16"}
        return {"ResNet50": Network(own.backbone, own, "layer3")} | _with(own, others)
    if own.backbone == "small":
        return {"small net": Network(own.backbone, own, "4")} | _with(own, {"small transformer": "small_vit"})
    scratch = replace(
        with_backbone(own, "small"),
        size=48,
        test_images=60,
        pretrain=Schedule(epochs=16, lr=3e-3, cosine=True),
        finetune=Schedule(epochs=8, lr=1e-3, cosine=True),
    )
    found = {"frozen Lite0 + convolution": Network(own.backbone, own)}
    found |= _with(own, {"frozen Lite0 + transformer": "efficientnet_lite0_vit"})
    return found | {"small net, from scratch": Network("small", scratch, "4")}


def _with(own: Profile, names: dict[str, str]) -> dict[str, Network]:
    return {label: Network(name, with_backbone(own, name)) for label, name in names.items()}


def on(lesson: "Setting", network: Network) -> "Setting":
    """The lesson with another network; the data are drawn or shrunk anew where it takes other images."""
    old, new = lesson.profile, network.profile
    same = (old.size, old.images, old.test_images) == (new.size, new.images, new.test_images)
    data = lesson.data if same else setup.load(lesson.parameters, new)
    return replace(lesson, profile=new, data=data)


def compare_networks(lesson: "Setting", chosen: dict[str, Network], seeds: Sequence[int]) -> pd.DataFrame:
    """Each network without attention and with CARE: one row a run, with the column `network`."""
    pair = Comparison({CONTROL: lesson.arm.control(), CARE: lesson.arm}, {CARE: CONTROL})
    tables = [run(on(lesson, each), pair, seeds).assign(network=name) for name, each in chosen.items()]
    return pd.concat(tables, ignore_index=True)


def trained(lesson: "Setting", arm: Arm, seed: int) -> Backbone:
    """The model of one run, found again where it was trained before."""
    runs = experiment.compare(lesson.data, lesson.profile, {CARE: arm}, [seed], progress=False)
    return experiment.load_model(runs[-1], lesson.data, lesson.profile)


def maps_in_the_loss(arm: Arm, methods: Sequence[str]) -> Comparison:
    """No attention, and CARE with each of these maps. Raises ValueError for an unknown map."""
    arms = {CONTROL: arm.control()}
    arms |= {MAPS.named(each).label: replace(arm, objective=replace(arm.objective, method=each)) for each in methods}  # type: ignore[type-var]
    return Comparison(arms, {name: CONTROL for name in arms if name != CONTROL})


def fineness(names: Sequence[str], size: int) -> pd.DataFrame:
    """How fine the maps of some networks are on images of `size` pixels: one row a network, its weights random."""
    rows = {}
    for name in names:
        model = build(name, 7)
        u, v = model.map_size(size)
        rows[name] = {
            "cells": f"{u} x {v}",
            "pixels a cell": round(size / u),
            "head": "pooling, linear" if model.linear_head is not None else "other",
        }
    return pd.DataFrame(rows).T


def maps_of(model: Backbone, data: Prepared, row: int, methods: Sequence[str]) -> dict[str, Float[np.ndarray, "u v"]]:
    """The maps of an image's true class by several methods, by their labels."""
    image, label = data.tensor([row]), torch.tensor([int(data.labels[row])])
    with model.evaluating():
        logits, features = model.with_head_graph(image)
        made = {MAPS.named(each).label: class_activation_map(logits, features, label, method=each) for each in methods}
    return {name: map_[0].detach().numpy() for name, map_ in made.items()}
