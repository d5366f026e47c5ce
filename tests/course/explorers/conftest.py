"""A page of explorers, moved by hand."""

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))  # _channels.py


@pytest.fixture
def settle():
    """settle(tab, **values): set values in the first explorer and wait until it is painted; returns its numbers."""

    def set_values(tab, **values):
        return tab.evaluate(
            """async (values) => {
                const frame = document.querySelector('.ck-alone').carekit;
                frame.set(values, true);
                await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
                return frame.numbers;
            }""",
            values,
        )

    return set_values
