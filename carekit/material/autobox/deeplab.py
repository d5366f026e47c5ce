"""DeepLabV3 (Chen et al. 2017): a trunk with dilated convolutions, atrous pyramid pooling, lesion or background.

The trunk is a parameter, so that a laptop can have a light one; the pyramid is torchvision's. Class 0 is the
background and class 1 the lesion.
"""

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional

from carekit.material.autobox.trunks import TRUNKS, channels_of
from carekit.method.seeding import seeded
from carekit.networks import Backbone

WIDTH = 64  # channels of the head; the original has 256, for 21 classes
RATES = (3, 6, 9)  # of the pyramid, in steps of the feature map; the original's 12, 24, 36 leave a small map


class DeepLab(Backbone):
    """Images in [0, 1] -> logits of background and lesion for each pixel."""

    def forward(self, images: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 2 h w"]:  # type: ignore[override]
        return self.behind(self.early(images), (images.shape[2], images.shape[3]))

    def behind(self, early: Float[Tensor, "b k s t"], size: tuple[int, int]) -> Float[Tensor, "b 2 h w"]:
        """The logits from what `early` has made of images of `size` (h, w): the part that is trained."""
        logits = self.head(self.trunk(early))  # (b, k, s, t) -> (b, 2, u, v)
        return functional.interpolate(logits, size, mode="bilinear", align_corners=False)  # (b, 2, h, w)


def build_deeplab(
    trunk: str = "small", *, pretrained: bool = False, frozen: bool | None = None, seed: int = 0
) -> DeepLab:
    """A DeepLabV3 with a fresh head; the same seed gives the same weights.

    Args:
        trunk: a name of `carekit.material.autobox.trunks.TRUNKS`.
        pretrained: start the trunk from ImageNet weights.
        frozen: keep those weights, where the trunk can; by default if it is pretrained.
        seed: of the weights that are not ImageNet's.

    Raises:
        ValueError: for an unknown name or weights that do not exist.
        RuntimeError: where the weights cannot be fetched.
    """
    from carekit.networks.vision import torchvision  # a heavy import that the saliency methods can do without

    if frozen is None:
        frozen = pretrained
    with seeded(seed):
        parts = TRUNKS.named(trunk)(pretrained, frozen)
        head = nn.Sequential(
            torchvision.models.segmentation.deeplabv3.ASPP(channels_of(parts), RATES, WIDTH),
            nn.Conv2d(WIDTH, WIDTH, 3, padding=1, bias=False),
            nn.BatchNorm2d(WIDTH),
            nn.ReLU(),
            nn.Conv2d(WIDTH, 2, 1),  # background and lesion
        )
    return DeepLab(f"deeplabv3-{trunk}", 2, parts._replace(head=head))


def dice_loss(logits: Float[Tensor, "b 2 h w"], masks: Bool[Tensor, "b h w"]) -> Float[Tensor, ""]:
    """1 - (2 Σ p m + 1) / (Σ p + Σ m + 1), the mean over the images; p is the probability of the lesion, m the mask.

    The ones keep the loss of an image without a lesion finite.
    """
    lesion = logits.softmax(1)[:, 1]  # (b, 2, h, w) -> (b, h, w)
    both = (lesion * masks).sum((1, 2))  # (b)
    either = lesion.sum((1, 2)) + masks.sum((1, 2))  # (b)
    return (1 - (2 * both + 1) / (either + 1)).mean()


@torch.no_grad()
def lesion_masks(model: DeepLab, images: Float[Tensor, "b 3 h w"], size: int) -> Bool[Tensor, "b h w"]:
    """The lesion of each image: where its logit is the larger one (the paper's argmax).

    Args:
        model: in evaluation mode.
        images: in [0, 1], of any size.
        size: height and width at which the network works, that of its training.
    """
    small = functional.interpolate(images, (size, size), mode="bilinear", antialias=True)
    logits = functional.interpolate(model(small), images.shape[-2:], mode="bilinear", align_corners=False)
    return logits.argmax(1) == 1  # (b, 2, h, w) -> (b, h, w)
