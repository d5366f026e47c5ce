"""The browser's mathematics, run by node without a browser, against numbers that Python writes."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch
from _channels import METHODS, enlarged, numbers, order_of, raw_map

from carekit.course.explorers import attention_loss
from carekit.course.explorers.cam.numbers import SUMS, ImageParts
from carekit.course.explorers.captions import fill
from carekit.course.explorers.frame import packed
from carekit.course.explorers.imbalance import imbalance
from carekit.course.explorers.masks import masks
from carekit.method import boxes
from carekit.method.cam import normalise, resize
from carekit.strategies import class_weights

TESTS = sorted((Path(__file__).parent / "js").glob("*.test.js"))
SIZE = 16
TEMPLATES = (
    "{name} has {n} box{?n > 1}es{/} and {share:.2f} of it",
    "{?share}{?share < limit}below{:}above{/} {limit:.1f}{:}no share{/}; {?map}a map{/}.",
    "{?n > 0}{?map}both{:}boxes{/}{:}neither{/}, {share:.3f}",
)
VALUES = (
    {"name": "{n} of <b>", "n": 1, "share": -0.125, "limit": 0.5, "map": True},
    {"name": "$", "n": 2, "share": 0.75, "limit": 0.5, "map": None},
    {"name": "n", "n": 0, "share": float("nan"), "limit": 0.5, "map": False},
    {"name": "n", "n": 12, "share": 0.0, "limit": 1},
)
BOXES = ([[1.3, 2.5, 1.4, 9]], [[0, 0, 16, 16]], [[2.5, 3, 7, 5.5], [4, 4.2, 13.7, 12]], [[15.2, 15.1, 16, 16]], [])


@pytest.fixture(scope="module")
def node():
    """The path of node; without it the test is skipped, but fails in continuous integration (tests/conftest.py)."""
    found = shutil.which("node")
    if found is None:
        pytest.skip("node is not installed: apt-get install nodejs")
    return found


@pytest.mark.parametrize("test", TESTS, ids=[test.stem for test in TESTS])
def test_the_browsers_mathematics_gives_pythons_numbers(node, tmp_path, test):
    file = tmp_path / "numbers.json"
    file.write_text(json.dumps(without_nan(written())), encoding="utf-8")
    environment = os.environ | {"CAREKIT_NUMBERS": str(file)}
    command = [node, "--test", "--test-reporter=tap", str(test)]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    passed, failed = (int(re.search(rf"^# {word} (\d+)$", run.stdout, re.M)[1]) for word in ("pass", "fail"))
    assert run.returncode == failed == 0 < passed == test.read_text(encoding="utf-8").count('\ntest("'), run.stdout


def written():
    """Inputs and what Python makes of them, by what they test."""
    return {
        "boxes": [of_boxes(each, factor) for each in BOXES for factor in (0.45, 1.0, 1.1, 1.85)],
        "maps": [of_map(map_) for map_ in some_maps()],
        "pairs": [of_pair(a, b) for a in some_maps() for b in some_maps()[:2]],
        "logits": [of_logits(each) for each in ([0.2, -1.5, 3.0], [900.0, 899.0, -900.0])],
        "losses": [of_losses(each, *values) for each in BOXES[:3] for values in ((0.7, 1.0, 0.5), (0.2, 0.35, 0.9))],
        "imbalance": [of_imbalance(ratio, count) for ratio in (1, 58, 97.5) for count in (2, 7)],
        "cam": of_cam(),
        "captions": [of_caption(template, values) for template in TEMPLATES for values in VALUES],
    }


def without_nan(value):
    """The value for JSON, which has no NaN: null instead."""
    if isinstance(value, dict):
        return {key: without_nan(each) for key, each in value.items()}
    if isinstance(value, list):
        return [without_nan(each) for each in value]
    return None if isinstance(value, float) and np.isnan(value) else value


def of_boxes(drawn, factor):
    scaled = boxes.scale(np.array(drawn, float).reshape(-1, 4), factor, (SIZE, SIZE))
    m_in, m_out = masks(drawn, SIZE, factor, "distance")
    found = {"boxes": drawn, "factor": factor, "size": SIZE, "scaled": scaled.tolist(), "m_in": m_in.ravel().tolist()}
    return found | {"m_out": m_out.ravel().tolist() if drawn else None}


def some_maps():
    """No symmetry, so that a mistake between rows and columns is seen; and two without a pattern."""
    rng = np.random.default_rng(1)
    random = [rng.normal(size=(5, 7)).astype(np.float32) for _ in range(2)]
    return [*random, np.zeros((5, 7), np.float32), np.full((5, 7), 3.3, np.float32)]


def of_map(map_):
    normalised = normalise(torch.from_numpy(map_)[None])
    large = resize(normalised, (SIZE, SIZE))
    found = {"map": map_.ravel().tolist(), "u": 5, "v": 7, "size": SIZE, "constant": not normalised.any().item()}
    return found | {"normalised": normalised.ravel().tolist(), "large": large.ravel().tolist()}


def of_pair(a, b):
    constant = np.ptp(a) == 0 or np.ptp(b) == 0
    expected = float("nan") if constant else float(np.corrcoef(a.ravel(), b.ravel())[0, 1])
    return {"a": a.ravel().tolist(), "b": b.ravel().tolist(), "correlation": expected}


def of_logits(logits):
    return {"logits": logits, "probabilities": torch.tensor(logits, dtype=torch.float64).softmax(0).tolist()}


def of_losses(drawn, tau, lam, alpha):
    map_ = normalise(torch.from_numpy(some_maps()[0])[None])
    m_in = boxes.rasterise(np.array(drawn, float), (SIZE, SIZE))
    return {
        "large": resize(map_, (SIZE, SIZE)).ravel().tolist(),
        "m_in": m_in.ravel().tolist(),
        "parameters": {"tau": tau, "lam": lam, "alpha": alpha},
        "losses": attention_loss.numbers(map_[0].numpy(), drawn, SIZE, tau, lam, alpha, 1.0),
    }


def of_imbalance(ratio, count):
    sizes = list(imbalance(ratio, [f"class {i}" for i in range(count)]).values())
    return {"ratio": ratio, "count": count, "largest": 1000, "sizes": sizes, "weights": class_weights(sizes).tolist()}


def of_caption(template, values):
    return {"template": template, "values": values, "sentence": fill(template, values)}


def of_cam():
    """One image with random feature maps and weights, all methods, one of them not a sum of channels."""
    rng = np.random.default_rng(2)
    features = rng.random((6, 5, 7)).astype(np.float32)
    weights = rng.normal(size=(3, 6)).astype(np.float32)
    toy = rng.normal(size=(3, 5, 7)).astype(np.float32)
    logits = np.array([0.3, 2.0, -1.0], np.float32)
    parts = ImageParts(logits, features, weights, {"toy": toy})
    drawn = [[2.5, 3.0, 9.0, 11.5]]
    items = {
        "images": packed(np.zeros((1, SIZE, SIZE, 3), np.uint8)),
        "features": packed(features[None]),
        "maps": {"toy": packed(toy[None])},
        "logits": [logits.tolist()],
        "boxes": [drawn],
        "labels": [1],
        "names": ["image 0"],
    }
    return {
        "scene": {"size": SIZE, "shape": [6, 5, 7], "weights": packed(weights)},
        "items": items,
        "own": packed(weights[None]),
        "formulas": list(SUMS),
        "cases": [
            of_method(parts, drawn, index, method, channels)
            for method in (*METHODS, "toy")
            for index, channels in ((0, 6), (1, 1), (2, 3))
        ],
    }


def of_method(parts, drawn, index, method, channels):
    m_in = boxes.rasterise(np.array(drawn, float), (SIZE, SIZE))
    expected = numbers(parts, m_in, index, method, 0.5, channels)
    del expected["above"]  # a share of pixels, which the last digit of one decides
    chosen = order_of(parts, index, method)[0][:channels] if method in METHODS else None
    large = enlarged(raw_map(parts, index, method, chosen), SIZE)
    case = {"index": index, "method": method, "channels": channels}
    return case | {"expected": expected, "large": large.ravel().tolist()}
