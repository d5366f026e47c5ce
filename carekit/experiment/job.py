"""What decides a run, the checkpoint that it will leave, and the one that it starts from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
    """One run: pretraining where `arm` is None, else fine-tuning.

    Args:
        data, profile, seed: its images, its network and schedules, and what its random numbers start from.
        name, arm: how tables call it, and what the second stage does.
        watched: so many test images of each class are evaluated after each epoch, for its history.
        path: the checkpoint that it will leave.
        start: the checkpoint that it starts from; None for fresh weights.
    """

    data: Prepared
    profile: Profile
    seed: int
    name: str
    arm: Arm | None
    watched: int
    path: Path
    start: Path | None


def plan(
    data: Prepared, profile: Profile, arms: Mapping[str, Arm], seeds: Sequence[int], watched: int
) -> tuple[list[Job], list[Job]]:
    """The pretraining of each seed, and the arms that follow, seed by seed. Arguments: see `compare`.

    An arm's path falls back to the checkpoint of the same run with `WATCHED`, whose weights and scores are equal.
    """
    first, second = [], []
    for seed in seeds:
        start = checkpoint_path(data, profile, seed)
        first.append(Job(data, profile, seed, PRETRAINED, None, 0, start, None))
        for name, arm in arms.items():
            path = checkpoint_path(data, profile, seed, arm, watched)
            if not watched and not path.exists():
                same_but_watched = checkpoint_path(data, profile, seed, arm, WATCHED)
                if same_but_watched.exists():
                    path = same_but_watched
            begins_at = {1: None, 2: start}[arm.stages]  # one stage trains from fresh weights
            second.append(Job(data, profile, seed, name, arm, watched, path, begins_at))
    return first, second


def checkpoint_path(data: Prepared, profile: Profile, seed: int, arm: Arm | None = None, watched: int = 0) -> Path:
    """The path of a run's checkpoint, named by all that decides its content; boxes decide the second stage only."""
    decisive = {
        "pretrain": profile.pretrain,
        "backbone": profile.backbone,
        "imagenet": profile.imagenet,
        "augment": profile.augment,
        "device": profile.device,
        "seed": seed,
        "images": data.images_fingerprint(),
    }
    # Pretraining sees no box, so that data sets which differ in their boxes alone share it.
    if arm is not None:
        decisive |= {"finetune": profile.finetune, "arm": arm, "data": data.fingerprint()}
    if watched:
        decisive["watched"] = watched
    return workspace.runs() / "models" / f"{workspace.key(_CODE, **decisive)}.safetensors"
