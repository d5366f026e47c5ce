"""What decides a run, and the file it will leave."""

from dataclasses import dataclass
from pathlib import Path

from carekit import workspace
from carekit.data.prepared import Prepared
from carekit.experiment.arm import Arm
from carekit.profiles import Profile

PRETRAINED = "pretrained"
WATCHED = 60  # test images of each class that are evaluated after each epoch
_CODE = "carekit.experiment"  # whose code decides a run


@dataclass(frozen=True)
class Job:
    """What decides a run: pretraining where `arm` is None, else fine-tuning from the same seed's pretrained model."""

    data: Prepared
    profile: Profile
    seed: int
    name: str = PRETRAINED
    arm: Arm | None = None
    watched: int = WATCHED

    def checkpoint(self, folder: Path) -> Path:
        """Its file, named by all that decides its content; boxes decide the second stage only."""
        profile = self.profile
        first = {
            "pretrain": profile.pretrain,
            "backbone": profile.backbone,
            "imagenet": profile.imagenet,
            "augment": profile.augment,
            "seed": self.seed,
            "images": self.data.images_fingerprint(),
        }
        if self.arm is None:
            return folder / f"{workspace.key(_CODE, **first)}.safetensors"
        second = {"finetune": profile.finetune, "arm": self.arm, "data": self.data.fingerprint()}
        if self.watched != WATCHED:
            second["watched"] = self.watched
        return folder / f"{workspace.key(_CODE, **first, **second)}.safetensors"


@dataclass(frozen=True)
class Planned:
    """A job, the file it will leave, and the pretrained model it starts from, None for pretraining itself."""

    job: Job
    path: Path
    start: Path | None
