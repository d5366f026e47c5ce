"""Two processes on the loopback train a watched model in DistributedDataParallel; beside it one process alone."""

import os
import runpy
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import distributed

SCRIPT = Path(__file__).with_name("one_rank.py")
ONE = runpy.run_path(str(SCRIPT))

pytestmark = [
    pytest.mark.skipif(os.name != "posix", reason="the loopback is asked for by the name that POSIX systems give it"),
    pytest.mark.skipif(
        not distributed.is_available() or not distributed.is_gloo_available(),
        reason="this torch has no gloo",
    ),
]


@pytest.fixture(scope="module")
def ranks(tmp_path_factory):
    """What both ranks found, and what each printed."""
    folder = tmp_path_factory.mktemp("ranks")
    root = SCRIPT.parents[2]
    environment = os.environ | {"GLOO_SOCKET_IFNAME": socket.if_nameindex()[0][1], "PYTHONPATH": str(root)}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    running = [
        subprocess.Popen([sys.executable, SCRIPT, str(rank), folder], env=environment, **pipes) for rank in (0, 1)
    ]
    try:
        printed = [each.communicate(timeout=300) for each in running]
    finally:
        for each in running:
            each.kill()
    assert [each.returncode for each in running] == [0, 0], printed
    return [(torch.load(folder / f"{rank}.pt"), printed[rank][0]) for rank in (0, 1)]


def alone(boxes, care=ONE["CARE"], **_):
    """The same two steps in one process: the gradient of the mean of both halves' losses."""
    images, labels = ONE["batch"]()
    model = ONE["network"]()
    care = care.watch(model, quiet=True)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    losses = []
    for _ in range(2):
        halves = [ONE["half"](rank) for rank in (0, 1)]
        each = [care(model(images[half]), labels[half], boxes[half]).total for half in halves]
        optimizer.zero_grad()
        (sum(each) / 2).backward()
        optimizer.step()
        losses.append([loss.item() for loss in each])
    return model, losses


@pytest.mark.parametrize("way", ONE["WAYS"])
def test_two_processes_train_as_one_does(ranks, way):
    model, losses = alone(**ONE["WAYS"][way])
    for rank, (found, _) in enumerate(ranks):
        assert found[way]["losses"] == pytest.approx([step[rank] for step in losses], abs=1e-6)
        for weight, expected in zip(found[way]["weights"], model.parameters(), strict=True):
            torch.testing.assert_close(weight, expected.detach(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("way", ["wrapped, then watched", "the same, in parts", "a mean over the batch"])
def test_it_is_the_step_on_the_joined_batch(ranks, way):
    """Where the ranks have as many images with a box, or the mean is over all images."""
    boxes = ONE["WAYS"][way]["boxes"]
    images, labels = ONE["batch"]()
    model = ONE["network"]()
    care = ONE["WAYS"][way].get("care", ONE["CARE"]).watch(model, quiet=True)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    losses = []
    for _ in range(2):
        loss = care(model(images), labels, boxes).total
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    found = [each[way] for each, _ in ranks]
    assert [sum(step) / 2 for step in zip(*(each["losses"] for each in found), strict=True)] == pytest.approx(losses)
    for each in found:
        for weight, expected in zip(each["weights"], model.parameters(), strict=True):
            torch.testing.assert_close(weight, expected.detach(), rtol=1e-5, atol=1e-6)


def test_validation_in_each_rank_has_the_maps_of_its_half(ranks):
    images, labels = ONE["batch"]()
    model, _ = alone(ONE["EVEN"])
    care = ONE["CARE"].watch(model.eval(), quiet=True)
    for rank, (found, _) in enumerate(ranks):
        half = ONE["half"](rank)
        expected = care(model(images[half]), labels[half], ONE["EVEN"][half]).attention.item()
        assert found["wrapped, then watched"]["attention"] == pytest.approx(expected, abs=1e-5)


def test_only_the_first_rank_tells_which_layer_was_found(ranks):
    assert ranks[0][1].count("CARE watches the layer '0'") == len(ONE["WAYS"])
    assert ranks[1][1] == ""
