"""Networks from torchvision: the paper's ResNet18, 50, 152 and VGG19, and any other of its classifiers by name."""

import math
from collections import OrderedDict
from functools import cache
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from carekit.method.seeding import seeded
from carekit.networks.backbone import Parts, PooledLinear
from carekit.networks.cutting import cut, cut_parts, locate
from carekit.networks.layers.axis_order import AxisOrder
from carekit.networks.vit import ChannelsFirst

IMAGENET_CLASSES = 1000
# What a constructor needs besides: no second and third head, which are for training alone.
OPTIONS: dict[str, dict[str, Any]] = {
    "googlenet": {"aux_logits": False, "init_weights": True},
    "inception_v3": {"aux_logits": False, "init_weights": True},
}


def resnet18(n_classes: int, imagenet: bool) -> Parts:
    """ResNet18 (He et al. 2016)."""
    return _cut_resnet(_built("resnet18", imagenet), n_classes)


def resnet50(n_classes: int, imagenet: bool) -> Parts:
    """ResNet50 (He et al. 2016), the paper's main network."""
    return _cut_resnet(_built("resnet50", imagenet), n_classes)


def resnet152(n_classes: int, imagenet: bool) -> Parts:
    """ResNet152 (He et al. 2016)."""
    return _cut_resnet(_built("resnet152", imagenet), n_classes)


def vgg19(n_classes: int, imagenet: bool) -> Parts:
    """VGG19 (Simonyan and Zisserman 2015). Its last ReLU puts out 512 x 14 x 14 at 224 px, not 7 x 7.

    A max-pooling follows, which belongs to the head here: one cell of its four gets the gradient.
    """
    net = _built("vgg19", imagenet)
    net.classifier[-1] = nn.Linear(net.classifier[-1].in_features, n_classes)
    head = nn.Sequential(net.features[-1], net.avgpool, nn.Flatten(), net.classifier)
    return Parts(net.features[:-1], head)


def _cut_resnet(net: Any, n_classes: int) -> Parts:
    trunk = nn.Sequential(OrderedDict(list(net.named_children())[:-2]))  # without pooling and classifier
    return Parts(trunk, PooledLinear(net.fc.in_features, n_classes))


def names() -> list[str]:
    """All classifiers of torchvision."""
    from carekit.networks.vision import models  # a heavy import that the small net can do without

    return models.list_models(module=models)


def any_net(name: str, n_classes: int, imagenet: bool, layer: str = "") -> Parts:
    """A classifier of torchvision by its name, cut at `layer`, by default the last that is a map.

    Args:
        name: one of `names()`. Of a vision transformer see `vision_transformer`.
        n_classes: how many classes there are: its last layer, linear or a convolution, is made fresh.
        imagenet: start from torchvision's ImageNet weights.
        layer: by name, as the network calls it.

    Raises:
        ValueError: for a layer that is not there, is no map or is not all that the scores are made from.
        RuntimeError: where the weights cannot be fetched or are damaged.
    """
    if name.startswith("vit_"):
        parts = vision_transformer(name, n_classes, imagenet)
        return cut_parts(parts, layer) if layer else parts
    place = _place_of(name, layer)
    net = _built(name, imagenet)
    _renew_classifier(net, n_classes)
    return cut(net, *place)


@cache
def _place_of(name: str, layer: str) -> tuple[str, AxisOrder]:
    with seeded(0):
        return locate(_built(name, imagenet=False), layer)


def _renew_classifier(net: nn.Module, n_classes: int) -> None:
    """Replace the last layer, with an output for each of ImageNet's classes, by one with an output for each of ours."""
    last = ""
    for name, module in net.named_modules():
        if getattr(module, "out_features", getattr(module, "out_channels", 0)) == IMAGENET_CLASSES:
            last = name
    old = net.get_submodule(last)
    if isinstance(old, nn.Conv2d):
        new: nn.Module = nn.Conv2d(old.in_channels, n_classes, old.kernel_size, old.stride, old.padding)  # type: ignore[arg-type]
    else:
        assert isinstance(old, nn.Linear)
        new = nn.Linear(old.in_features, n_classes)
    parent, _, child = last.rpartition(".")
    setattr(net.get_submodule(parent), child, new)


def vision_transformer(name: str, n_classes: int, imagenet: bool) -> Parts:
    """torchvision's ViT (Dosovitskiy et al. 2021), its patches turned back into a map of image / patch cells a side.

    The scores are those of the mean over the patches behind the last normalisation, not of the class token, which is
    left out there: of a class token a map of that layer would be zero. Images of any size that a patch divides are
    taken; the places of the patches are interpolated.
    """
    net = _built(name, imagenet)
    blocks = OrderedDict(net.encoder.layers.named_children())
    behind = OrderedDict(ln=net.encoder.ln, grid=Grid(), maps=ChannelsFirst())
    trunk = nn.Sequential(OrderedDict(tokens=Tokens(net), **blocks, **behind))
    return Parts(trunk, PooledLinear(net.hidden_dim, n_classes))


class Tokens(nn.Module):
    """The first part of torchvision's ViT: patches and a class token in front, each with its place."""

    def __init__(self, net: Any):
        super().__init__()
        self.conv_proj = net.conv_proj
        self.class_token = net.class_token
        self.pos_embedding = net.encoder.pos_embedding
        self.dropout = net.encoder.dropout

    def forward(self, images: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b t k"]:
        patch = self.conv_proj.kernel_size[0]
        if images.shape[2] % patch or images.shape[3] % patch:
            raise ValueError(
                f"images of {images.shape[2]} x {images.shape[3]} px are no whole number of patches of {patch} px: "
                f"give sizes that {patch} divides"
            )
        patches = self.conv_proj(images)  # (b, k, u, v)
        tokens = patches.flatten(2).transpose(1, 2)  # (b, k, u, v) -> (b, u * v, k)
        first = self.class_token.expand(len(images), -1, -1)  # (1, 1, k) -> (b, 1, k)
        places = self._places((patches.shape[2], patches.shape[3]))
        return self.dropout(torch.cat([first, tokens], 1) + places)  # (b, 1 + u * v, k)

    def _places(self, size: tuple[int, int]) -> Float[Tensor, "1 t k"]:
        first, rest = self.pos_embedding[:, :1], self.pos_embedding[:, 1:]
        side = math.isqrt(rest.shape[1])
        if size == (side, side):
            return self.pos_embedding
        grid = rest.transpose(1, 2).unflatten(2, (side, side))  # (1, s * s, k) -> (1, k, s, s)
        resized = functional.interpolate(grid, size=size, mode="bicubic", align_corners=False)  # (1, k, u, v)
        return torch.cat([first, resized.flatten(2).transpose(1, 2)], 1)  # (1, 1 + u * v, k)


class Grid(nn.Module):
    """Tokens without the class token, in their rows and columns again."""

    def forward(self, tokens: Float[Tensor, "b t k"]) -> Float[Tensor, "b u v k"]:
        side = math.isqrt(tokens.shape[1] - 1)
        if side * side != tokens.shape[1] - 1:
            raise ValueError(f"{tokens.shape[1] - 1} tokens are no square grid, so they are no map: give square images")
        return tokens[:, 1:].unflatten(1, (side, side))  # (b, 1 + u * v, k) -> (b, u, v, k)


def _built(name: str, imagenet: bool) -> Any:
    """The network with ImageNet's classes, with weights or without."""
    from carekit.networks.vision import models

    options = dict(OPTIONS.get(name, {}))
    if not imagenet:
        return models.get_model(name, weights=None, **options)
    weights = models.get_model_weights(name).DEFAULT
    state = _imagenet_state(name, weights)
    if name.startswith("vit_"):
        options["image_size"] = weights.meta["min_size"][0]
    net = models.get_model(name, weights=None, **options)
    try:
        net.load_state_dict({key: value for key, value in state.items() if not key.lower().startswith("aux")})
    except RuntimeError as error:
        raise ValueError(
            f"{weights.url} holds the weights of another network, not of {name}: delete the file of this name from "
            "torch's hub cache, or choose imagenet=False"
        ) from error
    return net


def _imagenet_state(name: str, weights: Any) -> dict[str, Tensor]:
    try:
        return weights.get_state_dict(progress=True, check_hash=True, weights_only=True)
    except OSError as error:  # URLError is one; so are a full disk and an unreadable cache
        raise RuntimeError(
            f"the ImageNet weights of {name} could not be fetched ({error}): connect to the network once, put "
            f"{weights.url} into torch's hub cache, or choose imagenet=False"
        ) from error
    except Exception as error:  # whatever a damaged file brings forth
        raise RuntimeError(
            f"the ImageNet weights of {name} are damaged ({type(error).__name__}): delete the file named as in "
            f"{weights.url} from torch's hub cache, and it is fetched again"
        ) from error
