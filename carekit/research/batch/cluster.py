"""Runs on a cluster, by dask.distributed: as many at a time as its workers have threads."""

import logging
import uuid
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import nbformat
from joblib import cpu_count

from carekit.ground.messages import Refusal
from carekit.research.batch import records
from carekit.research.batch.code import fingerprint, python_of
from carekit.research.batch.point import GridPoint, Limits, Outcome
from carekit.research.batch.slot import run_in_slot, stop_all

PATIENCE = 20.0  # seconds to wait for a scheduler's first answer


class ClusterLost(Refusal):
    """The scheduler does not exist, or is gone."""


def run_there(points: Sequence[GridPoint], limits: Limits, address: str) -> Iterator[Outcome]:
    """Run the grid points on the workers of a scheduler; yield the outcomes in the order in which the runs end.

    A run whose worker is lost is given to another one. The workers must see the batch's folder.

    Raises:
        ClusterLost: if there is no such scheduler, it has no workers, or it is lost.
        ValueError: for workers that do not see the folder, or have another version of the kit.
    """
    try:
        from distributed import Client, as_completed
    except ModuleNotFoundError:
        raise ClusterLost("--scheduler needs dask.distributed: pip install 'carekit[cluster]'") from None
    try:
        client = Client(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ClusterLost(
            f"there is no scheduler at {address} ({error}): start one with `dask scheduler`, or leave --scheduler out"
        ) from None
    logging.disable(logging.CRITICAL)  # a lost scheduler is reported in a sentence, not in pages of attempts
    futures: list[Any] = []
    try:
        for worker, complaint in client.run(_complaint, points[0]).items():  # those that join later ask in each run
            if complaint:
                raise ValueError(f"worker {worker} {complaint}")
        for point in points:
            futures.append(client.submit(_run, point, limits, key=f"{point.name}-{uuid.uuid4().hex}", pure=False))
        names = {future.key: point.name for future, point in zip(futures, points, strict=True)}
        for future in as_completed(futures, loop=client.loop):
            if future.status == "cancelled":
                raise ClusterLost(
                    f"the scheduler at {address} is gone: start it, and the same command goes on from there"
                )
            if future.status == "error":  # such as dask's KilledWorker, if several workers died with this run
                death = future.exception()
                yield Outcome(names[future.key], f"{type(death).__name__}: {death}".splitlines()[0])
            else:
                yield future.result()
    finally:
        with suppress(Exception):  # a cluster that is gone cannot be asked
            if client.status == "running" and any(future.status == "pending" for future in futures):
                client.cancel(futures)
                client.run(stop_all, points[0].out)
        client.close(timeout=2)


def _complaint(point: GridPoint) -> str:
    """On a worker: why it cannot take this batch's runs; empty if it can."""
    for path in (Path(point.out) / records.BATCH, Path(point.notebook)):
        if not path.is_file():
            return f"does not see {path}: it must lie on a disk that all machines share"
    if fingerprint(python_of(nbformat.read(point.notebook, as_version=4))) != point.identity["code"]:
        return "has other versions of carekit or its libraries: install the same there"
    return ""


def _run(point: GridPoint, limits: Limits) -> Outcome:
    """On a worker, in one of its threads: run a grid point."""
    complaint = _complaint(point)
    if complaint:
        return Outcome(point.name, f"a worker {complaint}")
    from distributed import get_worker

    cores = max(1, cpu_count() // get_worker().state.nthreads)
    return run_in_slot(point, replace(limits, threads=cores))
