"""What a source of boxes is: a frozen dataclass, called with a data set and the rows that show boxes."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from carekit.data.prepared import Prepared

Boxes = dict[int, Float[np.ndarray, "k 4"]]


class BoxSource(ABC):
    """Boxes for some images of a data set."""

    @abstractmethod
    def __call__(self, data: Prepared, rows: Sequence[int]) -> Boxes:
        """The boxes of each of `rows`; a row for which the source has none is left out."""
