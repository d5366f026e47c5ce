"""What finds boxes in images without knowing the true ones."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Float, Int, UInt8

Boxes = Float[np.ndarray, "_ 4"]


class Finder(ABC):
    """A frozen dataclass that worker processes can be sent: its fields decide what it finds.

    method: its name, in a table's column. processes: whether several processes are faster than one.
    """

    method: ClassVar[str]
    processes: ClassVar[bool] = True

    @abstractmethod
    def find(self, images: UInt8[np.ndarray, "n s s 3"], labels: Int[np.ndarray, " n"]) -> Sequence[Boxes]:
        """The boxes of each image (k, 4) in its pixels, k = 0 where nothing is found. Labels: the classes' numbers."""

    def parameters(self) -> dict[str, Any]:
        """All that decides the boxes, for JSON."""
        return asdict(self)  # type: ignore[call-overload]
