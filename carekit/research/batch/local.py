"""Runs side by side on this machine."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from queue import SimpleQueue

from carekit.research.batch.slot import Slot
from carekit.research.batch.task import Limits, Outcome, Task


def run_here(tasks: Sequence[Task], limits: Limits, jobs: int) -> Iterator[Outcome]:
    """Run the tasks, so many at a time; yield each outcome as it comes.

    Where the iteration ends early, what runs is ended with it.
    """
    slots: SimpleQueue[Slot] = SimpleQueue()
    made = [Slot() for _ in range(min(jobs, len(tasks)))]
    for slot in made:
        slots.put(slot)

    def run(task: Task) -> Outcome:
        slot = slots.get()
        try:
            return slot.run(task, limits)
        finally:
            slots.put(slot)

    pool = ThreadPoolExecutor(len(made))
    try:
        for future in as_completed([pool.submit(run, task) for task in tasks]):
            yield future.result()
    finally:
        for slot in made:
            slot.close()
        pool.shutdown(cancel_futures=True)
