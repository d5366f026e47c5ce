"""The paper as data: its values, its Tables 2-10, and its claims.

Source: Zhuang et al., Neurocomputing 2023, doi:10.1016/j.neucom.2023.126577. Nothing here needs another package.
"""

from carekit.paper.claims import CLAIMS, Claim
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
    "DEFAULTS",
    "SKIN_COUNTS",
    "SKIN_NAMES",
    "SWEEPS",
    "TABLES",
    "TEST_SHARE",
    "Claim",
    "Column",
    "Table",
]
