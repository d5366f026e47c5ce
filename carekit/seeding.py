"""Torch's random numbers from a seed, in a block of code that has them for itself."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock

import torch

_one_at_a_time = RLock()  # the generator belongs to the process, and an explorer trains in a thread of it


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Torch's generator of the CPU starts at `seed`, and is as before after it; other threads that ask for it wait."""
    with _one_at_a_time, torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield
