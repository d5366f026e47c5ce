"""Joint augmentation of images and their masks M_in."""

import torch
from jaxtyping import UInt8
from torch import Tensor

from carekit.names import one_of
from carekit.vision import transforms, tv_tensors

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
        self.strong = transforms.Compose([transforms.RandomRotation(180), transforms.ColorJitter(0.2, 0.2, 0.2, 0.02)])

    def __call__(
        self, images: UInt8[Tensor, "b 3 h w"], masks: UInt8[Tensor, "b h w"]
    ) -> tuple[UInt8[Tensor, "b 3 h w"], UInt8[Tensor, "b h w"]]:
        if self.level == "none":
            return images, masks
        for flip in (transforms.functional.horizontal_flip, transforms.functional.vertical_flip):
            chosen = torch.rand(len(images)) < 0.5
            images[chosen] = flip(images[chosen])
            masks[chosen] = flip(masks[chosen])
        if self.level == "strong":
            for i in range(len(images)):
                image, mask = self.strong(tv_tensors.Image(images[i]), tv_tensors.Mask(masks[i][None]))
                images[i] = image
                masks[i] = mask[0]  # (1, h, w) -> (h, w)
        return images, masks
