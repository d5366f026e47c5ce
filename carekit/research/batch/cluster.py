"""Runs on a cluster, by dask.distributed: as many at a time as its workers have threads."""

import logging
import threading
import uuid
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import nbformat
from joblib import cpu_count

from carekit.research.batch import records
from carekit.research.batch.code import fingerprint, python_of
from carekit.research.batch.slot import Slot, stop_all
from carekit.research.batch.task import Limits, Outcome, Task

PATIENCE = 20.0  # seconds until a scheduler that does not answer is not there
_here = threading.local()


class ClusterLost(Exception):
    """The scheduler is not there, or went away."""


def run_there(tasks: Sequence[Task], limits: Limits, address: str) -> Iterator[Outcome]:
    """Run the tasks on the workers of a scheduler; yield each outcome as it comes.

    A run whose worker goes away is given to another. The workers must see the batch's folder.

    Raises:
        ClusterLost: where there is no such scheduler, it has no workers, or it goes away.
        ValueError: for workers that do not see the folder, or have another version of the kit.
    """
    try:
        from distributed import Client, as_completed
    except ModuleNotFoundError:
        raise ClusterLost("--scheduler needs dask.distributed: pip install 'carekit[cluster]'") from None
    client = _connected(Client, address)
    logging.disable(logging.CRITICAL)  # a lost scheduler is told in a sentence, not in pages of attempts
    futures: list[Any] = []
    try:
        _check_workers(client, tasks[0])
        for task in tasks:
            futures.append(client.submit(_run, task, limits, key=f"{task.name}-{uuid.uuid4().hex}", pure=False))
        names = {future.key: task.name for future, task in zip(futures, tasks, strict=True)}
        for future in as_completed(futures, loop=client.loop):
            yield _outcome(future, names[future.key], address)
    finally:
        _let_go(client, futures, tasks[0].out)


def _connected(connect: Any, address: str) -> Any:
    try:
        return connect(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ClusterLost(
            f"there is no scheduler at {address} ({error}): start one with `dask scheduler`, or leave --scheduler out"
        ) from None


def _check_workers(client: Any, task: Task) -> None:
    """Raise ValueError where a worker cannot do what is asked; those that come later are asked with each run."""
    for where, complaint in client.run(_complaint, task).items():
        if complaint:
            raise ValueError(f"worker {where} {complaint}")


def _complaint(task: Task) -> str:
    """On a worker: why it cannot take this batch's runs; empty where it can."""
    for path in (Path(task.out) / records.BATCH, Path(task.notebook)):
        if not path.is_file():
            return f"does not see {path}: it must lie on a disk that all machines share"
    if fingerprint(python_of(nbformat.read(task.notebook, as_version=4))) != task.record["identity"]["code"]:
        return "has other versions of carekit or its libraries: install the same there"
    return ""


def _run(task: Task, limits: Limits) -> Outcome:
    """On a worker, in one of its threads: run a task in this thread's slot."""
    complaint = _complaint(task)
    if complaint:
        return Outcome(task.name, f"a worker {complaint}")
    from distributed import get_worker

    if getattr(_here, "slot", None) is None or _here.slot.stopping:
        _here.slot = Slot()
    cores = max(1, cpu_count() // get_worker().state.nthreads)
    return _here.slot.run(task, replace(limits, threads=cores))


def _outcome(future: Any, name: str, address: str) -> Outcome:
    if future.status == "cancelled":
        raise ClusterLost(f"the scheduler at {address} is gone: start it, and the same command goes on from there")
    if future.status == "error":  # such as dask's KilledWorker, where one worker after the other died with this run
        error = future.exception()
        return Outcome(name, f"{type(error).__name__}: {error}".splitlines()[0])
    return future.result()


def _let_go(client: Any, futures: Sequence[Any], out: str) -> None:
    """Leave the cluster; where runs are still going on there, end them."""
    with suppress(Exception):  # of a cluster that is gone, nothing can be asked
        if client.status == "running" and any(future.status == "pending" for future in futures):
            client.cancel(futures)
            client.run(stop_all, out)
    client.close(timeout=2)
