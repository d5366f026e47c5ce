"""Carry out one planned run: train, evaluate, keep the weights with what they score."""

import shutil
import time
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
from filelock import FileLock

from carekit.data.batches import BoxedImages
from carekit.data.prepared import Prepared
from carekit.experiment.arm import Arm
from carekit.experiment.evaluation import measure
from carekit.experiment.features import kept_for_training, predictions
from carekit.experiment.plan import Job, Planned
from carekit.ground import registry as tables
from carekit.ground.orphans import end_with_parent
from carekit.method.metrics import recall_by_false_alarms
from carekit.method.seeding import one_thread
from carekit.networks import Backbone, build, checkpoints
from carekit.training import Schedule, Validate, finetune, pretrain


def first_of_each_class(data: Prepared, most: int) -> Prepared:
    """At most so many images of each class, the first ones; the data set itself where it has no more."""
    places = data.samples.groupby("label").cumcount().to_numpy()
    return data if (places < most).all() else data.take(places < most)


def train_once(planned: Planned, additions: Mapping[str, Any]) -> None:
    tables.adopt(additions)  # a worker process has read the kit's own tables only
    planned.path.parent.mkdir(parents=True, exist_ok=True)
    end_with_parent()
    with FileLock(planned.path.parent / f".{planned.path.stem}.lock"):  # another process may be at the same run
        if not planned.path.exists():
            _remove_torn(planned.path)
            on_cpu = planned.job.profile.pretrain.device == "cpu"
            with one_thread() if on_cpu else nullcontext():
                _train(planned)


def _remove_torn(path: Path) -> None:
    """What a process that was killed while it wrote this checkpoint has left; nobody else is at it now."""
    for left in path.parent.glob(f".{path.stem}.*"):
        if left.suffix != ".lock":
            shutil.rmtree(left) if left.is_dir() else left.unlink()


def _train(planned: Planned) -> None:
    started = time.process_time()
    job = planned.job
    test = job.data.split("test")
    validate = _watching(job, test) if job.watched else None
    unfinished = planned.path.with_suffix(".unfinished")
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
        "cpu_seconds": round(time.process_time() - started, 2),
    }
    checkpoints.save(planned.path, model, about=about)
    unfinished.unlink(missing_ok=True)


def _watching(job: Job, test: Prepared) -> Validate:
    """The metrics of some test images, for the history."""
    watched = first_of_each_class(test, job.watched)

    def validate(model: Backbone) -> dict[str, float]:
        return measure(predictions(model, watched, job.profile), watched)

    return validate


def _first_stage(job: Job, unfinished: Path, validate: Validate | None) -> tuple[Backbone, pd.DataFrame]:
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
    job: Job, arm: Arm, model: Backbone, schedule: Schedule, unfinished: Path, validate: Validate | None
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
