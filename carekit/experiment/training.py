"""Carry out one run: train, evaluate, keep the weights with what they score."""

import shutil
import time
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

from filelock import FileLock

from carekit.data.batches import BoxedImages
from carekit.data.prepared import Prepared
from carekit.experiment.evaluation import measure
from carekit.experiment.features import cached_for_training, predictions
from carekit.experiment.job import Job
from carekit.ground import registry as tables
from carekit.ground.orphans import end_with_parent
from carekit.method.metrics import recall_by_false_alarms
from carekit.method.seeding import one_thread
from carekit.networks import Backbone, build, checkpoints
from carekit.training import finetune, pretrain


def first_of_each_class(data: Prepared, most: int) -> Prepared:
    """At most so many images of each class, the first ones; the data set itself where it has no more."""
    places = data.samples.groupby("label").cumcount().to_numpy()
    if (places < most).all():
        return data
    return data.take(places < most)


def train_once(job: Job, additions: Mapping[str, Any]) -> None:
    """Train a run unless its checkpoint is there, also where two processes ask at the same time.

    Args:
        job: the run.
        additions: to the tables of what is chosen by name; a worker process has read the kit's own only.
    """
    tables.adopt(additions)
    job.path.parent.mkdir(parents=True, exist_ok=True)
    end_with_parent()  # a notebook's kernel that is killed leaves no worker behind
    with FileLock(job.path.parent / f".{job.path.stem}.lock"):  # another process may be at the same run
        if not job.path.exists():
            _remove_torn(job.path)
            # With one thread a sum has one order: the weights do not depend on how many cores there are.
            with one_thread() if job.profile.device == "cpu" else nullcontext():
                _train(job)


def _remove_torn(path: Path) -> None:
    """What a process that was killed while it wrote this checkpoint has left; no other process is at it now."""
    for left in path.parent.glob(f".{path.stem}.*"):
        if left.suffix != ".lock":
            if left.is_dir():
                shutil.rmtree(left)
            else:
                left.unlink()


def _train(job: Job) -> None:
    started = time.process_time()
    profile, arm = job.profile, job.arm
    train, test = job.data.split("train"), job.data.split("test")
    watched = first_of_each_class(test, job.watched)

    def validate(model: Backbone) -> dict[str, float]:
        return measure(predictions(model, watched, profile), watched)

    # The network: fresh, or with the weights of the same seed's pretraining.
    imagenet = profile.imagenet and job.start is None
    model = build(profile.backbone, len(job.data.classes), imagenet=imagenet, seed=job.seed)
    if job.start is None:
        model.map_size(job.data.size)  # refuses images that would leave a map of one cell
    else:
        checkpoints.load(job.start, model)
    model.to(profile.device)

    unfinished = job.path.with_suffix(".unfinished")
    # What the frozen layers make of the images is the same for all arms and seeds: it is computed once.
    shown = cached_for_training(model, train, profile)
    if arm is None:
        images, schedule = BoxedImages(shown, {}, profile.augment), replace(profile.pretrain, seed=job.seed)
        history = pretrain(model, images, schedule, checkpoint=unfinished)
    else:
        history = finetune(
            model,
            arm.images(shown, profile),
            arm.objective,
            replace(arm.schedule(profile), seed=job.seed),
            strategy=arm.strategy,
            validate=validate if job.watched else None,
            checkpoint=unfinished,
        )

    # The scores, once and for all: tables are made of checkpoints' notes, and no weights are loaded for them.
    scored = predictions(model, test, profile)
    rarest = test.classes.index(test.rare[0])
    about = {
        "scores": measure(scored, test),
        "by_false_alarms": recall_by_false_alarms(scored.labels, scored.probabilities, rarest).tolist(),
        "history": history.to_dict("records"),
        "cpu_seconds": round(time.process_time() - started, 2),
    }
    checkpoints.save(job.path, model, about=about)
    unfinished.unlink(missing_ok=True)
