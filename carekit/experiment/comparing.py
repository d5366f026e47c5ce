"""Pretrain once per seed and fine-tune in several ways from there, on all cores."""

import sys
from collections.abc import Mapping, Sequence

from joblib import Parallel, cpu_count, delayed
from tqdm import tqdm

from carekit.data.prepared import Prepared
from carekit.experiment.arm import Arm
from carekit.experiment.job import plan
from carekit.experiment.profiles import Profile
from carekit.experiment.results import Run, read_run
from carekit.experiment.training import train_once
from carekit.ground import registry as tables

_WORTH_A_PROCESS = 8e6  # pixels to train on: about eight seconds of work


def compare(
    data: Prepared,
    profile: Profile,
    arms: Mapping[str, Arm],
    seeds: Sequence[int],
    *,
    watched: int = 0,
    progress: bool = True,
) -> list[Run]:
    """Pretrain for each seed, then fine-tune every arm from the same weights, with the same order of images.

    Finished runs are kept in the workspace and found again; an interrupted one resumes after its last epoch; equal
    runs are trained once, also where two processes ask at the same time. On a CPU, each run uses one thread, and as
    many go on at once as there are cores, so the results do not depend on the number of cores. What is too little to
    be worth the start of other processes is trained in this one.

    Args:
        data: training and test images.
        profile: the backbone, and how both stages run.
        arms: name -> what to do in the second stage.
        seeds: one pretrained model and one run of each arm for each.
        watched: so many test images of each class, the first ones, are evaluated after each epoch of an arm for
            `Run.history`, such as `experiment.WATCHED`: nothing is chosen by them; the scores at the end are those of
            all. They make a short run half as long again, so by default there are none.
        progress: show a bar.

    Returns:
        The pretrained runs, then those of the arms, seed by seed.

    Raises:
        ValueError: as `carekit.training.epochs`, for a data set without a training or without a test image, for one
            whose files were changed since they were saved, and for images that leave the backbone a map of one cell.
        FloatingPointError: as `carekit.training.epochs`.
    """
    for split, what in (("train", "learn from"), ("test", "judge by")):
        if not len(data.split(split)):
            raise ValueError(f"{data.facts['title']} has no {split} image to {what}: give the whole data set")
    data.verify_once()  # a damaged set must not train a model whose name says that it is whole
    first, second = plan(data, profile, arms, seeds, watched)
    total = len({job.path for job in first + second})
    with tqdm(total=total, desc="runs", disable=not progress, file=sys.stdout) as bar:
        for stage in (first, second):  # all pretraining first, since every arm starts from it
            unique = {job.path: job for job in stage}.values()  # arms with equal settings are one run
            missing = [job for job in unique if not job.path.exists()]
            bar.update(len(unique) - len(missing))
            tasks = (delayed(train_once)(job, tables.additions()) for job in missing)
            for _ in Parallel(_processes(data, profile, len(missing)), return_as="generator")(tasks):
                bar.update()
    return [read_run(job.path, job.name, job.seed) for job in first + second]


def _processes(data: Prepared, profile: Profile, runs: int) -> int:
    """How many to train in: another process takes seconds to start, longer than a few small runs."""
    epochs = max(profile.pretrain.epochs, profile.finetune.epochs)
    few = runs * epochs * len(data.samples) * data.size**2 < _WORTH_A_PROCESS
    if few or profile.device != "cpu":  # two processes on one GPU would only share it
        return 1
    return min(cpu_count(), max(runs, 1))
