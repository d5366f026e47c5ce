"""What the paper says, as data: its values, its Tables 2-10, what it claims, and where it disagrees with itself.

Source: Zhuang et al., Neurocomputing 2023, doi:10.1016/j.neucom.2023.126577. Nothing here needs another package.
"""

from carekit.paper.claims import CLAIMS, Claim
from carekit.paper.contradictions import CONTRADICTIONS, IMPOSSIBLE, Contradiction
from carekit.paper.tables import TABLES, Column, Table
from carekit.paper.values import (
    CHEST_COUNTS,
    CHEST_DEFAULTS,
    CHEST_NAMES,
    DEFAULTS,
    SKIN_COUNTS,
    SKIN_NAMES,
    SWEEPS,
    TEST_SHARE,
)

__all__ = [
    "CHEST_COUNTS",
    "CHEST_DEFAULTS",
    "CHEST_NAMES",
    "CLAIMS",
    "CONTRADICTIONS",
    "DEFAULTS",
    "IMPOSSIBLE",
    "SKIN_COUNTS",
    "SKIN_NAMES",
    "SWEEPS",
    "TABLES",
    "TEST_SHARE",
    "Claim",
    "Column",
    "Contradiction",
    "Table",
]
