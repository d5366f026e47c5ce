"""Pretrain once per seed, fine-tune in several ways from there, evaluate all: the shape of every table in the paper."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from filelock import FileLock
from joblib import Parallel, cpu_count, delayed
from tqdm import tqdm

from carekit import checkpoints, tables, workspace
from carekit.backbones import Backbone, build
from carekit.box_sources import BoxSource, Truth
from carekit.data.batches import BoxedImages, boxed_rows
from carekit.data.prepared import Prepared
from carekit.evaluation import evaluate
from carekit.metrics import HEADLINE, mean_and_half_width
from carekit.objectives import Care, Objective
from carekit.profiles import Profile
from carekit.strategies import Strategy
from carekit.training import Validate, finetune, pretrain

PRETRAINED = "pretrained"


@dataclass(frozen=True)
class Arm:
    """One way to fine-tune.

    Args:
        objective: what is minimised.
        boxes: where the boxes come from that the training images show; what is judged is measured against the truth.
        classes: which classes show boxes; None: the rare ones.
        strategy: how class imbalance is treated in the second stage.
    """

    objective: Objective = field(default_factory=Care)
    boxes: BoxSource = field(default_factory=Truth)
    classes: tuple[str, ...] | None = None
    strategy: Strategy = field(default_factory=Strategy)

    def control(self) -> "Arm":
        """The same second stage without what the objective adds."""
        return replace(self, objective=self.objective.control())

    def images(self, train: Prepared, profile: Profile) -> BoxedImages:
        """The training images of the second stage, with the boxes that this arm shows."""
        return BoxedImages(train, self.boxes(train, boxed_rows(train, self.classes)), profile.augment)


@dataclass(frozen=True)
class Run:
    """A finished run: what it scored on the test set, its training history, and where its weights are."""

    arm: str
    seed: int
    scores: dict[str, float]
    history: pd.DataFrame
    checkpoint: Path


@dataclass(frozen=True)
class Job:
    """What decides a run: pretraining where `arm` is None, else fine-tuning from the same seed's pretrained model."""

    data: Prepared
    profile: Profile
    seed: int
    name: str = PRETRAINED
    arm: Arm | None = None

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
            return folder / f"{workspace.key(**first)}.safetensors"
        second = {"finetune": profile.finetune, "arm": self.arm, "data": self.data.fingerprint()}
        return folder / f"{workspace.key(**first, **second)}.safetensors"


@dataclass(frozen=True)
class Planned:
    """A job, the file it will leave, and the pretrained model it starts from, None for pretraining itself."""

    job: Job
    path: Path
    start: Path | None


def compare(
    data: Prepared,
    profile: Profile,
    arms: Mapping[str, Arm],
    seeds: Sequence[int],
    *,
    progress: bool = True,
) -> list[Run]:
    """Pretrain for each seed, then fine-tune every arm from the same weights, with the same order of images.

    Finished runs are kept in the workspace and found again; an interrupted one resumes after its last epoch; equal
    runs are trained once, also where two processes ask at the same time. The test set is evaluated after each epoch,
    for plots only: nothing is chosen by it. On a CPU, each run uses one thread, and as many go on at once as there are
    cores, so the results do not depend on the number of cores.

    Args:
        data: training and test images.
        profile: the backbone, and how both stages run.
        arms: name -> what to do in the second stage.
        seeds: one pretrained model and one run of each arm for each.
        progress: show a bar.

    Returns:
        The pretrained runs, then those of the arms, seed by seed.

    Raises:
        ValueError, FloatingPointError: as `carekit.training.epochs`.
    """
    folder = workspace.runs() / "models"  # settled here: worker processes may have been started elsewhere
    starts = {seed: Job(data, profile, seed).checkpoint(folder) for seed in seeds}
    first = [Planned(Job(data, profile, seed), starts[seed], None) for seed in seeds]
    jobs = [Job(data, profile, seed, name, arm) for seed in seeds for name, arm in arms.items()]
    second = [Planned(job, job.checkpoint(folder), starts[job.seed]) for job in jobs]
    n_jobs = cpu_count() if profile.pretrain.device == "cpu" else 1
    unique = [list({planned.path: planned for planned in stage}.values()) for stage in (first, second)]
    with tqdm(total=sum(map(len, unique)), desc="runs", disable=not progress, file=sys.stdout) as bar:
        for stage in unique:  # equal settings run once
            tasks = (delayed(_train_once)(planned, tables.additions()) for planned in stage)
            for _ in Parallel(n_jobs, return_as="generator")(tasks):
                bar.update()
    return [_finished(planned) for planned in first + second]


def _train_once(planned: Planned, additions: Mapping[str, Any]) -> None:
    tables.adopt(additions)  # a worker process has read the kit's own tables only
    planned.path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(planned.path.with_suffix(".lock")):  # another process may be at the same run
        if not planned.path.exists():
            _train(planned)


def _finished(planned: Planned) -> Run:
    about = checkpoints.read_about(planned.path)
    return Run(planned.job.name, planned.job.seed, about["scores"], pd.DataFrame(about["history"]), planned.path)


def _train(planned: Planned) -> None:
    job = planned.job
    device = job.profile.pretrain.device
    if device == "cpu":
        torch.set_num_threads(1)
    test = job.data.split("test")
    unfinished = planned.path.with_suffix(".unfinished")

    def validate(model: Backbone) -> dict[str, float]:
        return evaluate(model, test, device=device)

    if job.arm is None or planned.start is None:
        model, history = _first_stage(job, unfinished, validate)
    else:
        model, history = _second_stage(job, job.arm, planned.start, unfinished, validate)
    about = {"scores": validate(model), "history": history.to_dict("records")}
    checkpoints.save(planned.path, model, about=about)
    unfinished.unlink(missing_ok=True)


def _first_stage(job: Job, unfinished: Path, validate: Validate) -> tuple[Backbone, pd.DataFrame]:
    data, profile = job.data, job.profile
    model = build(profile.backbone, len(data.classes), imagenet=profile.imagenet, seed=job.seed)
    images = BoxedImages(data.split("train"), {}, profile.augment)
    schedule = replace(profile.pretrain, seed=job.seed)
    return model, pretrain(model, images, schedule, validate=validate, checkpoint=unfinished)


def _second_stage(
    job: Job, arm: Arm, start: Path, unfinished: Path, validate: Validate
) -> tuple[Backbone, pd.DataFrame]:
    data, profile = job.data, job.profile
    model = build(profile.backbone, len(data.classes), seed=job.seed)
    checkpoints.load(start, model)
    images = arm.images(data.split("train"), profile)
    schedule = replace(profile.finetune, seed=job.seed)
    history = finetune(
        model, images, arm.objective, schedule, strategy=arm.strategy, validate=validate, checkpoint=unfinished
    )
    return model, history


def load_model(run: Run, data: Prepared, profile: Profile) -> Backbone:
    """The trained model of a run, in evaluation mode."""
    model = build(profile.backbone, len(data.classes))
    checkpoints.load(run.checkpoint, model)
    return model.eval()


def scores(runs: Sequence[Run]) -> pd.DataFrame:
    """One row a run: arm, seed, and every metric."""
    return pd.DataFrame([{"arm": run.arm, "seed": run.seed} | run.scores for run in runs])


def summary(table: pd.DataFrame, metrics: Sequence[str] = HEADLINE) -> pd.DataFrame:
    """Mean and half of the 95 % interval over the seeds, one row an arm, columns (metric, "mean" | "±")."""
    rows = {}
    for arm, group in table.groupby("arm", sort=False):
        pairs = {metric: mean_and_half_width(group[metric]) for metric in metrics}
        rows[arm] = {(m, part): v for m, pair in pairs.items() for part, v in zip(("mean", "±"), pair, strict=True)}
    return pd.DataFrame(rows).T


def paired_difference(table: pd.DataFrame, arm: str, control: str, metrics: Sequence[str] = HEADLINE) -> pd.DataFrame:
    """What `arm` gains over `control`, seed by seed: mean and half of the 95 % interval of the difference."""
    wide = table.pivot(index="seed", columns="arm", values=list(metrics))
    pairs = {metric: mean_and_half_width(wide[metric][arm] - wide[metric][control]) for metric in metrics}
    return pd.DataFrame(pairs, index=["difference", "±"]).T
