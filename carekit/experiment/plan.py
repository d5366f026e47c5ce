"""What decides a run, and the file it will leave."""

from dataclasses import dataclass, replace
from pathlib import Path

from carekit.data.prepared import Prepared
from carekit.experiment.arm import Arm
from carekit.experiment.profiles import Profile
from carekit.ground import workspace

PRETRAINED = "pretrained"
WATCHED = 60  # test images of each class, for a history that is shown
_CODE = "carekit.experiment"  # whose code decides a run


@dataclass(frozen=True)
class Job:
    """What decides a run: pretraining where `arm` is None, else fine-tuning from the same seed's pretrained model.

    Args:
        data, profile, seed: its images, its network and schedules, and what its random numbers start from.
        name, arm: what the second stage does, and how tables call it.
        watched: so many test images of each class are evaluated after each epoch, for its history.
    """

    data: Prepared
    profile: Profile
    seed: int
    name: str = PRETRAINED
    arm: Arm | None = None
    watched: int = 0

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
        if self.watched:
            second["watched"] = self.watched
        return folder / f"{workspace.key(_CODE, **first, **second)}.safetensors"

    def found(self, folder: Path) -> Path:
        """Its file; where that is missing, the one of the same run watched, which has the same weights and scores."""
        own = self.checkpoint(folder)
        watched = replace(self, watched=WATCHED).checkpoint(folder)
        return watched if watched.exists() and not (self.watched or own.exists()) else own


@dataclass(frozen=True)
class Planned:
    """A job, the file it will leave, and the pretrained model it starts from, None for pretraining itself."""

    job: Job
    path: Path
    start: Path | None
