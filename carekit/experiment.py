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

from carekit import checkpoints, frozen_features, tables, workspace
from carekit.backbones import Backbone, build
from carekit.box_sources import BoxSource, Truth
from carekit.data.batches import BoxedImages, boxed_rows
from carekit.data.kept import KeptFeatures
from carekit.data.prepared import Prepared
from carekit.evaluation import Predictions, measure, predict
from carekit.metrics import EQUAL_RECALL, HEADLINE, mean_and_half_width, recall_by_false_alarms
from carekit.objectives import Care, Objective
from carekit.orphans import end_with_parent
from carekit.profiles import Profile
from carekit.strategies import Strategy
from carekit.training import Schedule, Validate, finetune, pretrain

PRETRAINED = "pretrained"
WATCHED = 60  # test images of each class that are evaluated after each epoch


@dataclass(frozen=True)
class Arm:
    """One way to fine-tune.

    Args:
        objective: what is minimised.
        boxes: where the boxes come from that the training images show; what is judged is measured against the truth.
        classes: which classes show boxes; None: the rare ones.
        strategy: how class imbalance is treated in the second stage.
        stages: 2 begins where pretraining ended; 1 begins anew and trains for the epochs of both stages, as the first
            stage is trained, but with this arm's objective, boxes and strategy from the first epoch on.

    Raises:
        ValueError: for another number of stages.
    """

    objective: Objective = field(default_factory=Care)
    boxes: BoxSource = field(default_factory=Truth)
    classes: tuple[str, ...] | None = None
    strategy: Strategy = field(default_factory=Strategy)
    stages: int = 2

    def __post_init__(self) -> None:
        if self.stages not in (1, 2):
            raise ValueError(f"stages = {self.stages} is out of range: choose 1 or 2")

    def control(self) -> "Arm":
        """The same second stage without what the objective adds."""
        return replace(self, objective=self.objective.control())

    def images(self, train: Prepared, profile: Profile, kept: KeptFeatures | None = None) -> BoxedImages:
        """The training images of the second stage, or their kept features, with the boxes that this arm shows."""
        return BoxedImages(train, self.boxes(train, boxed_rows(train, self.classes)), profile.augment, kept)

    @property
    def sees_images(self) -> bool:
        """Whether its objective or its strategy takes the images themselves, not only a network's answer to them."""
        return self.objective.needs_images or self.strategy.needs_images


@dataclass(frozen=True)
class Run:
    """A finished run.

    Args:
        arm, seed: which run it is.
        scores: every metric on the test set, see `carekit.evaluation.evaluate`.
        by_false_alarms: see `carekit.metrics.recall_by_false_alarms`.
        history: one row an epoch, see `carekit.training.epochs`.
        checkpoint: where its weights are.
    """

    arm: str
    seed: int
    scores: dict[str, float]
    by_false_alarms: list[float]
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
            return folder / f"{workspace.key(__name__, **first)}.safetensors"
        second = {"finetune": profile.finetune, "arm": self.arm, "data": self.data.fingerprint()}
        return folder / f"{workspace.key(__name__, **first, **second)}.safetensors"


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
    runs are trained once, also where two processes ask at the same time. The first 60 test images of each class are
    evaluated after each epoch, for plots only: nothing is chosen by them; the scores at the end are those of all. On a
    CPU, each run uses one thread, and as many go on at once as there are cores, so the results do not depend on the
    number of cores.

    Args:
        data: training and test images.
        profile: the backbone, and how both stages run.
        arms: name -> what to do in the second stage.
        seeds: one pretrained model and one run of each arm for each.
        progress: show a bar.

    Returns:
        The pretrained runs, then those of the arms, seed by seed.

    Raises:
        ValueError: as `carekit.training.epochs`, for a data set whose files were changed since they were saved, and for
            images that leave the backbone a map of one cell.
        FloatingPointError: as `carekit.training.epochs`.
    """
    data.verify_once()
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


def first_of_each_class(data: Prepared, most: int) -> Prepared:
    """At most so many images of each class, the first ones; the data set itself where it has no more."""
    places = data.samples.groupby("label").cumcount().to_numpy()
    return data if (places < most).all() else data.take(places < most)


def _train_once(planned: Planned, additions: Mapping[str, Any]) -> None:
    tables.adopt(additions)  # a worker process has read the kit's own tables only
    planned.path.parent.mkdir(parents=True, exist_ok=True)
    end_with_parent()
    with FileLock(planned.path.parent / f".{planned.path.stem}.lock"):  # another process may be at the same run
        if not planned.path.exists():
            _train(planned)


def _finished(planned: Planned) -> Run:
    about = checkpoints.read_about(planned.path)
    return Run(
        arm=planned.job.name,
        seed=planned.job.seed,
        scores=about["scores"],
        by_false_alarms=about["by_false_alarms"],
        history=pd.DataFrame(about["history"]),
        checkpoint=planned.path,
    )


def _train(planned: Planned) -> None:
    job = planned.job
    device = job.profile.pretrain.device
    if device == "cpu":
        torch.set_num_threads(1)
    test = job.data.split("test")
    watched = first_of_each_class(test, WATCHED)
    unfinished = planned.path.with_suffix(".unfinished")

    def validate(model: Backbone) -> dict[str, float]:
        return measure(predictions(model, watched, job.profile), watched)

    if job.arm is None or planned.start is None:
        model, history = _first_stage(job, unfinished, validate)
    else:
        model, schedule = _from_pretrained(job, planned.start) if job.arm.stages == 2 else _from_fresh(job)
        history = _train_arm(job, job.arm, model, schedule, unfinished, validate)
    found = predictions(model, test, job.profile)
    rarest = test.classes.index(test.rare[0])
    about = {
        "scores": measure(found, test),
        "by_false_alarms": recall_by_false_alarms(found.labels, found.probabilities, rarest).tolist(),
        "history": history.to_dict("records"),
    }
    checkpoints.save(planned.path, model, about=about)
    unfinished.unlink(missing_ok=True)


def _first_stage(job: Job, unfinished: Path, validate: Validate) -> tuple[Backbone, pd.DataFrame]:
    profile = job.profile
    model = _fresh(job)
    train = job.data.split("train")
    images = BoxedImages(train, {}, profile.augment, kept_for_training(model, train, profile))
    schedule = replace(profile.pretrain, seed=job.seed)
    return model, pretrain(model, images, schedule, validate=validate, checkpoint=unfinished)


def _from_pretrained(job: Job, start: Path) -> tuple[Backbone, Schedule]:
    model = build(job.profile.backbone, len(job.data.classes), seed=job.seed)
    checkpoints.load(start, model)
    return model, job.profile.finetune


def _fresh(job: Job) -> Backbone:
    """The network before any training. Raises ValueError where these images would leave a map of one cell."""
    profile = job.profile
    model = build(profile.backbone, len(job.data.classes), imagenet=profile.imagenet, seed=job.seed)
    model.map_size(job.data.size)
    return model


def _from_fresh(job: Job) -> tuple[Backbone, Schedule]:
    profile = job.profile
    return _fresh(job), replace(profile.pretrain, epochs=profile.pretrain.epochs + profile.finetune.epochs)


def _train_arm(
    job: Job, arm: Arm, model: Backbone, schedule: Schedule, unfinished: Path, validate: Validate
) -> pd.DataFrame:
    train = job.data.split("train")
    kept = None if arm.sees_images else kept_for_training(model, train, job.profile)
    return finetune(
        model,
        arm.images(train, job.profile, kept),
        arm.objective,
        replace(schedule, seed=job.seed),
        strategy=arm.strategy,
        validate=validate,
        checkpoint=unfinished,
    )


def kept_for_training(model: Backbone, train: Prepared, profile: Profile) -> KeptFeatures | None:
    """The training images' features behind the frozen layers, where there are such and no augmentation is in the way.

    A GPU is faster than a disk: there the whole network runs.
    """
    if profile.pretrain.device != "cpu" or profile.augment == "strong":
        return None
    return frozen_features.keep(model, train, flips=profile.augment == "flip")


def kept_for_evaluation(model: Backbone, images: Prepared, profile: Profile) -> KeptFeatures | None:
    """The features of images as they are, on a CPU."""
    return frozen_features.keep(model, images, flips=False) if profile.pretrain.device == "cpu" else None


def predictions(model: Backbone, images: Prepared, profile: Profile) -> Predictions:
    """What `carekit.evaluation.predict` gives, behind kept features where there are some: at once the second time."""
    kept = kept_for_evaluation(model, images, profile)
    return predict(model, images, device=profile.pretrain.device, kept=kept)


def load_model(run: Run, data: Prepared, profile: Profile) -> Backbone:
    """The trained model of a run, in evaluation mode."""
    model = build(profile.backbone, len(data.classes))
    checkpoints.load(run.checkpoint, model)
    return model.eval()


def scores(runs: Sequence[Run], control: str | None = None) -> pd.DataFrame:
    """One row a run: arm, seed, and every metric.

    Args:
        runs: of `compare`.
        control: an arm; the column `rare_recall_equal` then has each run's recall of the rare class at the threshold
            that gives it as many false alarms as this arm has with the same seed.
    """
    table = pd.DataFrame([{"arm": run.arm, "seed": run.seed} | run.scores for run in runs])
    if control is not None:
        allowed = {run.seed: int(run.scores["false_alarms"]) for run in runs if run.arm == control}
        table[EQUAL_RECALL] = [run.by_false_alarms[allowed[run.seed]] for run in runs]
    return table


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


def difference_of_differences(
    table: pd.DataFrame, other: pd.DataFrame, arm: str, control: str, metrics: Sequence[str] = HEADLINE
) -> pd.DataFrame:
    """How much more `arm` gains over `control` in one table than in another, seed by seed: mean and half-width.

    That one gain is significant and another is not does not say that they differ; this does.
    """
    gains = []
    for each in (table, other):
        wide = each.pivot(index="seed", columns="arm", values=list(metrics))
        gains.append({metric: wide[metric][arm] - wide[metric][control] for metric in metrics})
    pairs = {metric: mean_and_half_width(gains[0][metric] - gains[1][metric]) for metric in metrics}
    return pd.DataFrame(pairs, index=["difference", "±"]).T
