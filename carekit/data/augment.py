"""Joint augmentation of images and their masks M_in."""

from collections.abc import Callable
from functools import cached_property

import torch
from jaxtyping import Bool, UInt8
from torch import Tensor

from carekit.ground.messages import one_of

LEVELS = ("none", "flip", "strong")


class JointAugment:
    """Change images (b, 3, h, w) and masks (b, h, w) alike, drawing from torch's global generator.

    What a rotation brings in from outside is black and counts as outside the box.

    Args:
        level: "none"; "flip": each image is flipped left-right and upside-down with probability 1/2; "strong" adds a
            rotation by any angle and colour jitter (the paper's data augmentation, section 4.2.1), image by image,
            at some forty times the cost at 64 px.

    Raises:
        ValueError: for another level.
    """

    def __init__(self, level: str = "flip"):
        self.level = one_of("augmentation", level, LEVELS)

    def __call__(
        self, images: UInt8[Tensor, "b 3 h w"], masks: UInt8[Tensor, "b h w"]
    ) -> tuple[UInt8[Tensor, "b 3 h w"], UInt8[Tensor, "b h w"]]:
        flips = self.flips(len(images))
        images = flipped(images, flips)
        masks = flipped(masks, flips)
        if self.level == "strong":
            from carekit.networks.vision import tv_tensors

            for i in range(len(images)):
                image, mask = self.strong(tv_tensors.Image(images[i]), tv_tensors.Mask(masks[i][None]))
                images[i] = image
                masks[i] = mask[0]  # (1, h, w) -> (h, w)
        return images, masks

    @cached_property
    def strong(self) -> Callable[..., tuple[Tensor, Tensor]]:
        """Rotation and colour jitter of one image and its mask."""
        from carekit.networks.vision import transforms  # a heavy import that flips can do without

        return transforms.Compose([transforms.RandomRotation(180), transforms.ColorJitter(0.2, 0.2, 0.2, 0.02)])

    def flips(self, n: int) -> Bool[Tensor, "2 n"]:
        """For n images, whether each is flipped left-right, and whether upside-down."""
        if self.level == "none":
            return torch.zeros(2, n, dtype=torch.bool)
        return torch.stack([torch.rand(n) < 0.5 for _ in range(2)])


def flipped(values: UInt8[Tensor, "b *_ h w"], flips: Bool[Tensor, "2 b"]) -> UInt8[Tensor, "b *_ h w"]:
    """Images (b, 3, h, w) or masks (b, h, w), those that `flips` names flipped left-right and upside-down, in place."""
    for axis, chosen in zip((-1, -2), flips, strict=True):
        values[chosen] = values[chosen].flip(axis)
    return values
