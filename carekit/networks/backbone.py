"""The face of every network: images in [0, 1] -> logits and the feature maps of its last spatial layer."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

# ImageNet's channel means and standard deviations: what most pretrained weights expect, and harmless without them.
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)

Input = Float[Tensor, "b 3 h w"] | Float[Tensor, "b l s t"]  # images, or what `Backbone.early` makes of them


class Output(NamedTuple):
    """What a forward pass gives: logits (b, c) and the feature maps A (b, k, u, v) that they are made from."""

    logits: Float[Tensor, "b c"]
    features: Float[Tensor, "b k u v"]


class Parts(NamedTuple):
    """What a network is made of.

    trunk: normalised images (b, 3, h, w) -> feature maps (b, k, u, v). head: feature maps -> logits (b, c). mean, std:
    of the three colours in [0, 1], what the images are normalised by. frozen: comes between the normalised images and
    the trunk and is never trained, None where there is nothing of the kind.
    """

    trunk: nn.Module
    head: nn.Module
    mean: tuple[float, float, float] = IMAGENET_MEAN
    std: tuple[float, float, float] = IMAGENET_STD
    frozen: nn.Module | None = None


class PooledLinear(nn.Module):
    """Global average pooling and one linear layer, Eq. 1."""

    def __init__(self, channels: int, n_classes: int):
        super().__init__()
        self.classifier = nn.Linear(channels, n_classes)

    def forward(self, features: Float[Tensor, "b k u v"]) -> Float[Tensor, "b c"]:
        return self.classifier(features.mean((2, 3)))  # (b, k, u, v) -> (b, k) -> (b, c)


class Backbone(nn.Module):
    """A trunk that makes feature maps and a head that makes scores of them; it normalises its images itself."""

    mean: Tensor
    std: Tensor

    def __init__(self, name: str, n_classes: int, parts: Parts):
        super().__init__()
        self.name = name
        self.n_classes = n_classes
        self.frozen = parts.frozen
        if self.frozen is not None:
            self.frozen.requires_grad_(False).eval()
            # The order of the weights in memory decides the last bit: it must not depend on what is done to the model.
            self.frozen.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stubs lack it
        self.trunk = parts.trunk
        self.head = parts.head
        self.register_buffer("mean", torch.tensor(parts.mean).view(3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(parts.std).view(3, 1, 1), persistent=False)

    @property
    def linear_head(self) -> nn.Linear | None:
        """The linear layer where the head is global average pooling and that layer alone."""
        return self.head.classifier if isinstance(self.head, PooledLinear) else None

    @property
    def device(self) -> torch.device:
        """Where its weights are."""
        return next(self.parameters()).device

    def train(self, mode: bool = True) -> "Backbone":
        """As of every module, but the frozen layers stay in evaluation mode."""
        super().train(mode)
        if self.frozen is not None:
            self.frozen.eval()
        return self

    def early(self, images: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b k u v"]:
        """What the trunk takes: the normalised images, or what the frozen layers make of them.

        On a CPU these run image by image, which is no slower there: an image's values then do not depend, not even in
        the last bit, on which others are in its batch, so that they can be kept (`carekit.training.cached`).
        """
        normalised = (images - self.mean) / self.std
        if self.frozen is None:
            return normalised
        normalised = normalised.contiguous(memory_format=torch.channels_last)
        if normalised.device.type != "cpu":
            return self.frozen(normalised)
        return torch.cat([self.frozen(image[None]) for image in normalised])

    def behind_early(self) -> "Backbone":
        """The network that takes what `early` gives, with the same weights: training it trains this one."""
        return _BehindEarly(self)

    def features(self, images: Input) -> Tensor:
        """The feature maps (b, k, u, v) of images in [0, 1]; what else the trunk may put out, `forward` refuses."""
        return self.trunk(self.early(images))

    def forward(self, images: Input) -> Output:
        """Logits and feature maps of images in [0, 1]; see `behind_early` for a network that begins further on.

        Raises ValueError for a trunk whose output is no map, and for a head of another number of classes.
        """
        features = self.features(images)
        if torch.is_grad_enabled() and not features.requires_grad:
            features.requires_grad_()  # the trunk is frozen: a map still needs the head's gradient
        return self._scored(features)

    def _scored(self, features: Tensor) -> Output:
        if features.ndim != 4:
            shape = " x ".join(map(str, features.shape))
            raise ValueError(
                f"the trunk of {self.name} puts out {shape}, which is no feature map: its last layer must put out "
                "images x channels x rows x columns"
            )
        logits = self.head(features)
        if logits.shape != (len(features), self.n_classes):
            shape = " x ".join(map(str, logits.shape))
            raise ValueError(
                f"the head of {self.name} puts out {shape} for {len(features)} images of {self.n_classes} classes: "
                f"build it for {self.n_classes} classes"
            )
        return Output(logits, features)

    def map_size(self, size: int) -> tuple[int, int]:
        """Rows and columns of the map of an image of `size` pixels a side.

        Raises:
            ValueError: for a size that the network does not take, and one that leaves a single cell, which has no
                inside and no outside.
        """
        with self.evaluating(), torch.no_grad():
            try:
                features = self.features(torch.zeros(1, 3, size, size, device=self.mean.device))
            except (AssertionError, RuntimeError) as error:
                reason = str(error).partition("\n")[0]
                raise ValueError(f"{self.name} takes no images of {size} px ({reason}): choose another size") from error
            u, v = self._scored(features).features.shape[2:]
        if u * v == 1:
            raise ValueError(
                f"{self.name} leaves a map of one cell of images of {size} px, which shows no place: take larger "
                f"images, an earlier layer ({self.name.partition('@')[0]}@LAYER), or another backbone"
            )
        return u, v

    def with_head_graph(self, images: Input) -> Output:
        """A forward pass whose graph begins at the feature maps: enough for a map, and as cheap as a plain one."""
        with torch.no_grad():
            features = self.features(images)
        return self._scored(features.requires_grad_())

    @contextmanager
    def evaluating(self) -> Iterator["Backbone"]:
        """The model in evaluation mode; on leaving each of its modules is as it was."""
        modes = [(module, module.training) for module in self.modules()]
        self.eval()
        try:
            yield self
        finally:
            for module, was_training in modes:
                module.training = was_training


class _BehindEarly(Backbone):
    """The trunk and the head of a network, whose input needs no normalising and no frozen layers any more."""

    def __init__(self, whole: Backbone):
        super().__init__(whole.name, whole.n_classes, Parts(whole.trunk, whole.head))
        self.training = whole.training

    def early(self, images: Float[Tensor, "b l s t"]) -> Float[Tensor, "b l s t"]:
        return images
