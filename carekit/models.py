"""Every backbone behind one face: images in [0, 1] -> logits and the feature maps of the last convolution."""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from carekit.seeding import seeded

# ImageNet's channel means and standard deviations: what the pretrained weights expect, and harmless without them.
_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class Output(NamedTuple):
    """What a forward pass gives: logits (b, c) and feature maps A (b, k, u, v), after the last ReLU."""

    logits: Float[Tensor, "b c"]
    features: Float[Tensor, "b k u v"]


class Backbone(nn.Module):
    """A convolutional trunk and a head. `linear_head` is the classifier where the head is pooling and that layer."""

    def __init__(self, name: str, n_classes: int, trunk: nn.Module, head: nn.Module):
        super().__init__()
        self.name, self.n_classes = name, n_classes
        self.trunk, self.head = trunk, head
        self.register_buffer("mean", torch.tensor(_MEAN).view(3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(_STD).view(3, 1, 1), persistent=False)

    @property
    def linear_head(self) -> nn.Linear | None:
        return self.head.classifier if isinstance(self.head, PooledLinear) else None

    def forward(self, images: Float[Tensor, "b 3 h w"]) -> Output:
        features = self.trunk((images - self.mean) / self.std)  # (b, k, u, v)
        return Output(self.head(features), features)


class PooledLinear(nn.Module):
    """Global average pooling and one linear layer, Eq. 1."""

    def __init__(self, channels: int, n_classes: int):
        super().__init__()
        self.classifier = nn.Linear(channels, n_classes)

    def forward(self, features: Float[Tensor, "b k u v"]) -> Float[Tensor, "b c"]:
        return self.classifier(features.mean((2, 3)))  # (b, k, u, v) -> (b, k) -> (b, c)


class ResidualBlock(nn.Module):
    """Two 3 x 3 convolutions and a shortcut (He et al. 2016)."""

    def __init__(self, n_in: int, n_out: int, stride: int):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(n_in, n_out, 3, stride, padding=1, bias=False),
            nn.BatchNorm2d(n_out),
            nn.ReLU(inplace=True),
            nn.Conv2d(n_out, n_out, 3, padding=1, bias=False),
            nn.BatchNorm2d(n_out),
        )
        same = stride == 1 and n_in == n_out
        projection = nn.Sequential(nn.Conv2d(n_in, n_out, 1, stride, bias=False), nn.BatchNorm2d(n_out))
        self.shortcut = nn.Identity() if same else projection

    def forward(self, x: Tensor) -> Tensor:
        return (self.body(x) + self.shortcut(x)).relu()


def _small(n_classes: int) -> tuple[nn.Module, nn.Module]:
    """Three residual blocks of 16, 32 and 64 channels: 8 x 8 maps from 64 px, trained on a laptop in a minute."""
    stem = (nn.Conv2d(3, 16, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU(inplace=True))
    trunk = nn.Sequential(*stem, ResidualBlock(16, 16, 1), ResidualBlock(16, 32, 2), ResidualBlock(32, 64, 2))
    return trunk, PooledLinear(64, n_classes)


def _resnet(net: nn.Module, n_classes: int) -> tuple[nn.Module, nn.Module]:
    trunk = nn.Sequential(*list(net.children())[:-2])  # without pooling and classifier
    return trunk, PooledLinear(net.fc.in_features, n_classes)


def _vgg(net: nn.Module, n_classes: int) -> tuple[nn.Module, nn.Module]:
    # The last ReLU puts out 512 x 14 x 14 at 224 px; the pooling behind it belongs to the head.
    net.classifier[-1] = nn.Linear(net.classifier[-1].in_features, n_classes)
    head = nn.Sequential(net.features[-1], net.avgpool, nn.Flatten(), net.classifier)
    return net.features[:-1], head


_TORCHVISION = {
    "resnet18": ("ResNet18_Weights", _resnet),
    "resnet50": ("ResNet50_Weights", _resnet),
    "resnet152": ("ResNet152_Weights", _resnet),
    "vgg19": ("VGG19_Weights", _vgg),
}
BACKBONES = ("small", *_TORCHVISION)


def build(name: str, n_classes: int, *, imagenet: bool = False, seed: int = 0) -> Backbone:
    """A backbone with a fresh classifier: "small", "resnet18", "resnet50", "resnet152" or "vgg19".

    imagenet: start from torchvision's ImageNet weights; they are downloaded once. The same seed gives the same
    weights. Raises ValueError for an unknown name or weights that do not exist, RuntimeError where the weights cannot
    be fetched.
    """
    if name not in BACKBONES:
        raise ValueError(f"backbone = {name!r} is unknown: choose one of {', '.join(BACKBONES)}")
    with seeded(seed):
        if name == "small":
            if imagenet:
                raise ValueError("the small backbone has no ImageNet weights: choose imagenet=False")
            trunk, head = _small(n_classes)
        else:
            trunk, head = _from_torchvision(name, n_classes, imagenet)
    return Backbone(name, n_classes, trunk, head)


def _from_torchvision(name: str, n_classes: int, imagenet: bool) -> tuple[nn.Module, nn.Module]:
    from carekit.vision import models  # a heavy import that the small net can do without

    weights_name, cut = _TORCHVISION[name]
    net = getattr(models, name)(weights=None)
    if imagenet:
        net.load_state_dict(_imagenet_state(name, getattr(models, weights_name).DEFAULT))
    return cut(net, n_classes)


def _imagenet_state(name: str, weights) -> dict[str, Tensor]:
    try:
        return weights.get_state_dict(progress=True, check_hash=True, weights_only=True)
    except OSError as error:  # URLError is one; so are a full disk and an unreadable cache
        raise RuntimeError(
            f"the ImageNet weights of {name} could not be fetched ({error}): connect to the network once, put "
            f"{weights.url} into torch's hub cache, or choose imagenet=False"
        ) from error
