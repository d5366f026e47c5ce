"""What finds boxes in images without the true ones."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Float, Int, UInt8

from carekit.data.prepared import Prepared
from carekit.ground.checksums import sha256
from carekit.networks import checkpoints

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

    def find_in(self, data: Prepared, _start: int, rows: Sequence[int]) -> list[Boxes]:
        """The boxes of some images of a data set: one task of a worker process."""
        return list(self.find(data.read(rows), data.labels[list(rows)]))

    def parameters(self) -> dict[str, Any]:
        """All that decides the boxes, for JSON."""
        return asdict(self)  # type: ignore[call-overload]


@dataclass(frozen=True)
class FinderWithWeights(Finder):
    """A finder that needs a trained network.

    Args:
        checkpoint: the file of its weights.
    """

    processes = False  # torch uses all cores in one
    checkpoint: str

    def parameters(self) -> dict[str, Any]:
        checkpoints.read_about(self.checkpoint)  # raises for a missing or damaged file
        return super().parameters() | {"checkpoint": sha256(self.checkpoint)}
