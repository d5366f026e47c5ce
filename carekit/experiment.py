"""Pretrain once per seed, fine-tune in several ways from there, evaluate all: the shape of every table in the paper."""

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import pandas as pd
import torch
from joblib import Parallel, delayed
from tqdm import tqdm

from carekit import checkpoints, workspace
from carekit.attention import Care
from carekit.data.batches import BoxedImages, boxes_of_classes
from carekit.data.prepared import Prepared
from carekit.evaluation import evaluate
from carekit.imbalance import classification_loss
from carekit.metrics import mean_and_half_width
from carekit.models import Backbone, build
from carekit.profiles import Profile
from carekit.training import finetune, pretrain

PRETRAINED = "pretrained"
FIGURES = ("rare_recall", "mca", "auc", "attention_inside")


@dataclass(frozen=True)
class Arm:
    """One way to fine-tune: the objective, and which classes show boxes at which scale (None: the rare ones)."""

    care: Care = field(default_factory=Care)
    box_scale: float = 1.0
    boxed: tuple[str, ...] | None = None
    classification: str = "plain"


@dataclass(frozen=True)
class Run:
    """A finished run: what it scored on the test set, its training history, and where its weights are."""

    arm: str
    seed: int
    scores: dict[str, float]
    history: pd.DataFrame
    checkpoint: Path


def compare(
    data: Prepared,
    profile: Profile,
    arms: Mapping[str, Arm],
    seeds: Sequence[int],
    *,
    progress: bool = True,
) -> list[Run]:
    """Pretrain for each seed, then fine-tune every arm from the same weights, with the same order of images.

    Finished runs are kept in the workspace and found again; an interrupted one goes on from its last epoch. The test
    set is evaluated after each epoch, for plots only: nothing is chosen by it. On a CPU, each run uses one thread, and
    as many go on at once as there are cores, so the figures do not depend on the number of cores.
    """
    pretraining = [Job(data, profile, seed) for seed in seeds]
    stages = (pretraining, [Job(data, profile, seed, name, arm) for seed in seeds for name, arm in arms.items()])
    n_jobs = os.cpu_count() if profile.pretrain.device == "cpu" else 1
    folder = workspace.runs() / "models"  # settled here: worker processes may have been started elsewhere
    stages = [[(job, job.checkpoint(folder)) for job in stage] for stage in stages]
    unique = [{path: job for job, path in stage}.values() for stage in stages]  # equal settings run once
    with tqdm(total=sum(map(len, unique)), desc="runs", disable=not progress, file=sys.stdout) as bar:
        for jobs in unique:
            for _ in Parallel(n_jobs, return_as="generator")(delayed(_train_once)(job, folder) for job in jobs):
                bar.update()
    return [_finished(job, path) for stage in stages for job, path in stage]


@dataclass(frozen=True)
class Job:
    """What decides a run: pretraining where `arm` is None, else fine-tuning from the same seed's pretrained model."""

    data: Prepared
    profile: Profile
    seed: int
    name: str = PRETRAINED
    arm: Arm | None = None

    def checkpoint(self, folder: Path) -> Path:
        """Its file, named by all that decides its content."""
        profile = self.profile
        what = {"pretrain": asdict(profile.pretrain), "backbone": profile.backbone, "imagenet": profile.imagenet}
        if self.arm is not None:
            what |= {"arm": asdict(self.arm), "finetune": asdict(profile.finetune)}
        what |= {"augment": profile.augment, "seed": self.seed}
        return folder / f"{workspace.key(**what, data=self.data.fingerprint())}.safetensors"


def _train_once(job: Job, folder: Path) -> None:
    if not job.checkpoint(folder).exists():
        _train(job, folder)


def _finished(job: Job, path: Path) -> Run:
    about = checkpoints.read_about(path)
    return Run(job.name, job.seed, about["scores"], pd.DataFrame(about["history"]), path)


def _train(job: Job, folder: Path) -> None:
    data, profile, arm, path = job.data, job.profile, job.arm, job.checkpoint(folder)
    device = profile.pretrain.device
    if device == "cpu":
        torch.set_num_threads(1)
    train, test = data.split("train"), data.split("test")
    model = build(profile.backbone, len(data.classes), imagenet=profile.imagenet and arm is None, seed=job.seed)
    options = {
        "checkpoint": path.with_suffix(".unfinished"),
        "validate": lambda net: evaluate(net, test, device=device),
    }
    if arm is None:
        images = BoxedImages(train, boxes_of_classes(train), profile.augment)
        history = pretrain(model, images, replace(profile.pretrain, seed=job.seed), **options)
    else:
        checkpoints.load(replace(job, arm=None).checkpoint(folder), model)
        options["classification"] = classification_loss(arm.classification, list(train.counts().values()))
        images = BoxedImages(train, boxes_of_classes(train, arm.boxed, arm.box_scale), profile.augment)
        history = finetune(model, images, arm.care, replace(profile.finetune, seed=job.seed), **options)
    about = {"scores": evaluate(model, test, device=device), "history": history.to_dict("records")}
    checkpoints.save(path, model, about=about)
    options["checkpoint"].unlink(missing_ok=True)


def load_model(run: Run, data: Prepared, profile: Profile) -> Backbone:
    """The trained model of a run, in evaluation mode."""
    model = build(profile.backbone, len(data.classes))
    checkpoints.load(run.checkpoint, model)
    return model.eval()


def scores(runs: Sequence[Run]) -> pd.DataFrame:
    """One row a run: arm, seed, and every figure."""
    return pd.DataFrame([{"arm": run.arm, "seed": run.seed} | run.scores for run in runs])


def summary(table: pd.DataFrame, figures: Sequence[str] = FIGURES) -> pd.DataFrame:
    """Mean and half of the 95 % interval over the seeds, one row an arm, columns (figure, "mean" | "±")."""
    rows = {}
    for arm, group in table.groupby("arm", sort=False):
        pairs = {figure: mean_and_half_width(group[figure]) for figure in figures}
        rows[arm] = {(f, part): v for f, pair in pairs.items() for part, v in zip(("mean", "±"), pair, strict=True)}
    return pd.DataFrame(rows).T


def paired_difference(table: pd.DataFrame, arm: str, control: str, figures: Sequence[str] = FIGURES) -> pd.DataFrame:
    """What `arm` gains over `control`, seed by seed: mean and half of the 95 % interval of the difference."""
    wide = table.pivot(index="seed", columns="arm", values=list(figures))
    pairs = {figure: mean_and_half_width(wide[figure][arm] - wide[figure][control]) for figure in figures}
    return pd.DataFrame(pairs, index=["difference", "±"]).T
