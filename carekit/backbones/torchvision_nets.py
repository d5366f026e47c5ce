"""The paper's networks from torchvision: ResNet18, 50 and 152, and VGG19."""

from collections.abc import Callable
from typing import Any

from torch import Tensor, nn

from carekit.backbones.backbone import Parts, PooledLinear


def resnet18(n_classes: int, imagenet: bool) -> Parts:
    """ResNet18 (He et al. 2016)."""
    return _built("resnet18", "ResNet18_Weights", _cut_resnet, n_classes, imagenet)


def resnet50(n_classes: int, imagenet: bool) -> Parts:
    """ResNet50 (He et al. 2016), the paper's main network."""
    return _built("resnet50", "ResNet50_Weights", _cut_resnet, n_classes, imagenet)


def resnet152(n_classes: int, imagenet: bool) -> Parts:
    """ResNet152 (He et al. 2016)."""
    return _built("resnet152", "ResNet152_Weights", _cut_resnet, n_classes, imagenet)


def vgg19(n_classes: int, imagenet: bool) -> Parts:
    """VGG19 (Simonyan and Zisserman 2015). Its last ReLU puts out 512 x 14 x 14 at 224 px, not 7 x 7."""
    return _built("vgg19", "VGG19_Weights", _cut_vgg, n_classes, imagenet)


def _cut_resnet(net: Any, n_classes: int) -> Parts:
    trunk = nn.Sequential(*list(net.children())[:-2])  # without pooling and classifier
    return Parts(trunk, PooledLinear(net.fc.in_features, n_classes))


def _cut_vgg(net: Any, n_classes: int) -> Parts:
    net.classifier[-1] = nn.Linear(net.classifier[-1].in_features, n_classes)
    head = nn.Sequential(net.features[-1], net.avgpool, nn.Flatten(), net.classifier)  # it begins with a max-pooling
    return Parts(net.features[:-1], head)


def _built(name: str, weights: str, cut: Callable[[Any, int], Parts], n_classes: int, imagenet: bool) -> Parts:
    from carekit.vision import models  # a heavy import that the small net can do without

    net = getattr(models, name)(weights=None)
    if imagenet:
        net.load_state_dict(_imagenet_state(name, getattr(models, weights).DEFAULT))
    return cut(net, n_classes)


def _imagenet_state(name: str, weights: Any) -> dict[str, Tensor]:
    try:
        return weights.get_state_dict(progress=True, check_hash=True, weights_only=True)
    except OSError as error:  # URLError is one; so are a full disk and an unreadable cache
        raise RuntimeError(
            f"the ImageNet weights of {name} could not be fetched ({error}): connect to the network once, put "
            f"{weights.url} into torch's hub cache, or choose imagenet=False"
        ) from error
