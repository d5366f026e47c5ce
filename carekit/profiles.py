"""Three sizes of the same course: `fast` for continuous integration, `laptop` to learn with, `paper` for a GPU."""

from dataclasses import dataclass

import torch

from carekit.training import Schedule


@dataclass(frozen=True)
class Profile:
    """What a run costs.

    size: image side in pixels. images, exponent: training images of the synthetic set and how much of the paper's
    imbalance it keeps, see `scaled_counts`. sweep_seeds: at most so many seeds for each setting of an ablation.
    augment: see JointAugment.
    """

    name: str
    size: int
    backbone: str
    imagenet: bool
    images: int
    pretrain: Schedule
    finetune: Schedule
    sweep_seeds: int
    exponent: float = 0.5
    augment: str = "flip"


def profile(name: str, device: str | None = None) -> Profile:
    """The profile "fast", "laptop" or "paper" (the paper's Table 1). Raises ValueError for another name."""
    if name == "fast":
        quick = Schedule(epochs=1, batch_size=32, lr=2e-3)
        return Profile(name, 32, "small", False, 160, quick, quick, sweep_seeds=1)
    if name == "laptop":
        pretrain, finetune = Schedule(epochs=24, lr=3e-3, cosine=True), Schedule(epochs=10, lr=1e-3, cosine=True)
        return Profile(name, 64, "small", False, 540, pretrain, finetune, sweep_seeds=3)
    if name == "paper":
        device = device or ("cuda" if torch.cuda.is_available() else "cpu")
        table_1 = Schedule(
            epochs=200, batch_size=96, lr=1e-4, device=device, bf16=device == "cuda", workers=8, patience=20
        )
        return Profile(name, 224, "resnet50", True, 8012, table_1, table_1, sweep_seeds=5, exponent=1.0)
    raise ValueError(f"profile = {name!r} is unknown: choose fast, laptop or paper")
