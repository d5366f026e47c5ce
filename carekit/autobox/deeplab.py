"""DeepLabV3 (Chen et al. 2017): a trunk with dilated convolutions, atrous pyramid pooling, a mask of lesion or not.

The trunk is a parameter, so that a laptop can have a light one; the pyramid is torchvision's. Output 0 is background
and 1 the lesion.
"""

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional

WIDTH = 64  # channels of the head; the original has 256, for 21 classes
RATES = (3, 6, 9)  # of the pyramid, in steps of the feature map; the original's 12, 24, 36 leave a small map


class DeepLab(nn.Module):
    """Images in [0, 1] -> logits of background and lesion for each pixel.

    Args:
        name: what a checkpoint calls the network.
        trunk: images -> feature maps with `channels` channels, an eighth of the image's size or smaller.
        channels: of the trunk's last feature maps.
        mean: of each colour channel, taken off before the trunk.
        std: of each colour channel, divided by before the trunk.
    """

    def __init__(self, name: str, trunk: nn.Module, channels: int, mean: Tensor, std: Tensor):
        super().__init__()
        from carekit.vision import torchvision  # a heavy import that the saliency methods can do without

        self.name = name
        self.n_classes = 2
        self.trunk = trunk
        self.register_buffer("mean", mean.view(3, 1, 1), persistent=False)
        self.register_buffer("std", std.view(3, 1, 1), persistent=False)
        self.head = nn.Sequential(
            torchvision.models.segmentation.deeplabv3.ASPP(channels, RATES, WIDTH),
            nn.Conv2d(WIDTH, WIDTH, 3, padding=1, bias=False),
            nn.BatchNorm2d(WIDTH),
            nn.ReLU(),
            nn.Conv2d(WIDTH, 2, 1),
        )

    def forward(self, images: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 2 h w"]:
        features = self.trunk((images - self.mean) / self.std)  # (b, k, u, v)
        logits = self.head(features)  # (b, 2, u, v)
        return functional.interpolate(logits, images.shape[-2:], mode="bilinear", align_corners=False)  # (b, 2, h, w)


def dice_loss(logits: Float[Tensor, "b 2 h w"], masks: Bool[Tensor, "b h w"]) -> Float[Tensor, ""]:
    """1 - 2 Σ p m / (Σ p + Σ m), the mean over the images; p is the probability of the lesion, m the mask.

    One pixel is added above and below, so that an image without a lesion has a finite loss.
    """
    lesion = logits.softmax(1)[:, 1]  # (b, h, w)
    both = (lesion * masks).sum((1, 2))  # (b)
    either = lesion.sum((1, 2)) + masks.sum((1, 2))  # (b)
    return (1 - (2 * both + 1) / (either + 1)).mean()


@torch.no_grad()
def segment(model: DeepLab, images: Float[Tensor, "b 3 h w"]) -> Bool[Tensor, "b h w"]:
    """The lesion of each image: where its logit is the larger one (the paper's argmax)."""
    return model(images).argmax(1) == 1


def dilate(trunk: nn.Module, stride: int) -> nn.Module:
    """Change a trunk in place so that its maps are the image's size / `stride`: later strides become dilations.

    For a trunk whose strided convolutions follow one another (EfficientNet, MobileNet, VGG).
    """
    reached = 1
    dilation = 1
    for layer in trunk.modules():
        if not isinstance(layer, nn.Conv2d):
            continue
        step = layer.stride[0]
        before = dilation  # the layer that loses its stride still sees its input as before: only later ones widen
        if reached * step > stride:
            dilation *= step
            layer.stride = (1, 1)
        else:
            reached *= step
        if before > 1 and layer.kernel_size[0] > 1:
            layer.dilation = (before, before)
            layer.padding = tuple((size // 2) * before for size in layer.kernel_size)
    return trunk
