"""Data augmentation (DA) as the paper has it: rotation, flips and colour jitter, of the mask with its image."""

from dataclasses import dataclass

from carekit.data.augment import JointAugment
from carekit.data.batches import Batch
from carekit.strategies.strategy import Strategy


@dataclass(frozen=True)
class Augmentation(Strategy):
    """Training on images changed at random, on top of the profile's own augmentation (paper, section 4.2.1).

    Args:
        level: see `carekit.data.augment.JointAugment`.

    Raises:
        ValueError: for an unknown level.
    """

    level: str = "strong"

    def __post_init__(self) -> None:
        JointAugment(self.level)

    def batch(self, batch: Batch) -> Batch:
        images, masks = JointAugment(self.level)(batch.images.clone(), batch.m_in.clone())
        return batch.showing(images, masks)
