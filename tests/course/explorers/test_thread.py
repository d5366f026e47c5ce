import threading

import pytest

from carekit.course.explorers.training.thread import Live

PATIENCE = 20


class Told:
    """What a Live tells, to be waited for."""

    def __init__(self):
        self.all, self.more = [], threading.Condition()

    def __call__(self, status, done):
        with self.more:
            self.all.append((status, done))
            self.more.notify_all()

    def until(self, status, n):
        with self.more:
            assert self.more.wait_for(lambda: (status, list(range(n))) in self.all, PATIENCE), self.all


@pytest.fixture
def told():
    return Told()


class Steps:
    """0, 1, 2, ..., each when it is let out."""

    def __init__(self, n):
        self.n, self.gate = n, threading.Semaphore(0)

    def __iter__(self):
        for i in range(self.n):
            assert self.gate.acquire(timeout=PATIENCE)
            yield i

    def let(self, n=1):
        self.gate.release(n)


def test_each_step_is_told_and_then_the_end(told):
    live = Live(iter(range(3)), told)
    live.start()
    live.join(PATIENCE)
    assert told.all == [("training", [0]), ("training", [0, 1]), ("training", [0, 1, 2]), ("done", [0, 1, 2])]


def test_a_pause_holds_after_the_step_at_hand_and_goes_on(told):
    steps = Steps(3)
    live = Live(iter(steps), told)
    live.start()
    live.pause()
    steps.let(3)
    told.until("paused", 1)
    live.join(0.2)
    assert told.all == [("paused", [0])]
    live.go_on()
    live.join(PATIENCE)
    assert told.all[1:] == [("training", [0]), ("training", [0, 1]), ("training", [0, 1, 2]), ("done", [0, 1, 2])]


@pytest.mark.parametrize("paused", [False, True])
def test_a_stop_ends_it_also_in_a_pause(told, paused):
    steps = Steps(3)
    live = Live(iter(steps), told)
    live.start()
    if paused:
        live.pause()
    steps.let()
    told.until("paused" if paused else "training", 1)
    live.stop()
    steps.let(2)
    live.join(PATIENCE)
    assert told.all[-1] == ("stopped", [0])


def test_an_error_is_told_with_what_was_done_before(told):
    def steps():
        yield 0
        raise FloatingPointError("the loss is not finite")

    live = Live(steps(), told)
    live.start()
    live.join(PATIENCE)
    assert told.all[-1] == ("the loss is not finite", [0])


def test_a_pause_that_comes_while_a_step_is_told_holds_after_the_next():
    def tell(status, done):
        told.append((status, done))
        if len(told) == 1:
            live.pause()

    told = []
    live = Live(iter(range(3)), tell)
    live.start()
    live.join(0.5)
    assert told == [("training", [0]), ("paused", [0, 1])]
    live.go_on()
    live.join(PATIENCE)
    assert told[-1] == ("done", [0, 1, 2])


@pytest.mark.parametrize("paused", [False, True])
def test_a_training_ends_the_one_before_and_waits_for_its_step(told, paused):
    first, other = Steps(3), Told()
    one, two = Live(iter(first), told), Live(iter(range(2)), other)
    one.start()
    if paused:
        one.pause()
        first.let()
        told.until("paused", 1)
    two.start()
    if not paused:
        two.join(0.2)
        assert other.all == []
        first.let()
    two.join(PATIENCE)
    assert told.all[-1][0] == "stopped" and other.all[-1] == ("done", [0, 1])
