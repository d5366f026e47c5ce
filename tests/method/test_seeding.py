import threading

import pytest
import torch

from carekit.method import seeding
from carekit.method.seeding import seeded


def draws(found, name, started, go):
    with seeded(7):
        started.set()
        go.wait(20)
        found[name] = torch.rand(3)


def test_a_block_has_its_numbers_for_itself_and_leaves_the_others_alone():
    torch.manual_seed(1)
    expected = torch.rand(2)
    torch.manual_seed(1)
    with seeded(7):
        alone = torch.rand(3)
    found, started, go = {}, threading.Event(), threading.Event()
    one = threading.Thread(target=draws, args=(found, "one", started, go))
    one.start()
    assert started.wait(20)
    two = threading.Thread(target=draws, args=(found, "two", threading.Event(), go))
    two.start()
    two.join(0.2)
    assert not found and two.is_alive()
    go.set()
    one.join(20)
    two.join(20)
    assert torch.equal(found["one"], alone) and torch.equal(found["two"], alone)
    assert torch.equal(torch.rand(2), expected)


def test_one_thread_is_for_a_block_only():
    before = torch.get_num_threads()
    with pytest.raises(RuntimeError, match="stop"), seeding.one_thread():
        assert torch.get_num_threads() == 1
        raise RuntimeError("stop")
    assert torch.get_num_threads() == before
