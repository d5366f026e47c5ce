"""The same result again: torch's random numbers from a seed, and its sums in one order."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock

import torch

_one_at_a_time = RLock()  # the generator belongs to the process, and an explorer trains in a thread of it


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Torch's generator of the CPU starts at `seed`, and is as before after it; other threads that ask for it wait.

    Lesson 5.
    """
    with _one_at_a_time, torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


@contextmanager
def one_thread() -> Iterator[None]:
    """Torch computes with one thread: its sums then do not depend on the number of cores; as before after it.

    Lesson 5.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
