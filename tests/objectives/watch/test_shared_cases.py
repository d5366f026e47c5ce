"""The 15 scripts that once gave a wrong number without a word, run as they are, where they are at hand."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
RUN = Path(__file__).with_name("run_case.py")
CASES = Path(os.environ.get("CAREKIT_LOOP_CASES", ROOT.parent / "shared" / "cases" / "loop"))

# What each must print, or end with: the right value, or one right sentence.
ENDS = {
    "r01": "6 logits and 3 features",
    "r02": "layer4.1.conv2 map of image 0 changes by 0.0",
    "r03": "divide by 255",
    "r04": "do not have the proportions",
    "r05": "leave classifier out",
    "r06": "[1.0, 1.0, 1.0, 1.0, 1.0, 1.0]",
    "r07": "one cell an image",
    "r08": "inside 0.4148",
    "r09": "densenet121 features record equals what the layer put out: True",
    "r10": "area 900 (right: 900)",
    "r11": "'boxed': 0",
    "r12": "0.5 [0.0, 1.03",  # a finite slope where 1 - p is 0
    "r13": "grad on around the forward pass only: ok",
    "r14": "int32 ok",
    "r15": "tensors held after 4 steps: 1",
}


@pytest.mark.parametrize("name", ENDS)
def test_it_ends_in_the_right_value_or_one_sentence(name):
    found = sorted(CASES.glob(f"{name}_*.py"))
    if not found:
        pytest.skip(f"the scripts are not at hand: name their folder in CAREKIT_LOOP_CASES (looked in {CASES})")
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(CASES)]), "PYTHONWARNINGS": "ignore"}
    done = subprocess.run([sys.executable, str(RUN), str(found[0])], capture_output=True, text=True, env=environment)
    assert ENDS[name] in done.stdout + done.stderr
    if done.returncode:  # one sentence of ours, not a traceback from the depths
        assert done.stderr.strip().splitlines()[-1].startswith("ValueError: ")
