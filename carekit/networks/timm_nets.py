"""Any network of timm by name, if timm is installed: "timm:convnext_atto"."""

from typing import Any

from carekit.ground.messages import nearest
from carekit.networks.backbone import IMAGENET_MEAN, IMAGENET_STD, Parts, PooledLinear
from carekit.networks.cutting import AsMaps

INSTALL = "pip install 'carekit[interop]'"


def timm_net(name: str, n_classes: int, imagenet: bool) -> Parts:
    """A network of timm without its pooling and classifier, and in their place global pooling and one linear layer.

    What it puts out is a map, channels last, or tokens; of tokens those of the patches are taken.

    Args:
        name: one of `timm.list_models()`.
        n_classes: how many classes there are.
        imagenet: start from timm's weights of that name, which are fetched from its hub.

    Raises:
        ValueError: for an unknown name.
        RuntimeError: where timm is not installed, with the command that installs it, and where weights cannot be had.
    """
    timm = _timm()
    known = timm.list_models()
    if name.partition(".")[0] not in known:
        raise ValueError(f"backbone = 'timm:{name}' is unknown: {nearest(name, known)}timm.list_models() names all")
    try:
        net = _created(timm, name, imagenet)
    except Exception as error:  # its hub raises errors of several libraries
        if not imagenet:
            raise
        raise RuntimeError(
            f"the weights of timm:{name} could not be fetched ({type(error).__name__}): connect to the network once, "
            "or choose imagenet=False"
        ) from error
    about = net.pretrained_cfg
    mean, std = about.get("mean", IMAGENET_MEAN), about.get("std", IMAGENET_STD)
    return Parts(AsMaps(net), PooledLinear(net.num_features, n_classes), tuple(mean), tuple(std))


def _created(timm: Any, name: str, imagenet: bool) -> Any:
    options: dict[str, Any] = {"pretrained": imagenet, "num_classes": 0, "global_pool": ""}
    try:
        return timm.create_model(name, dynamic_img_size=True, **options)  # any size that a patch divides
    except TypeError:  # what has no patches takes no such argument
        return timm.create_model(name, **options)


def _timm() -> Any:
    from carekit.networks import vision  # noqa: F401  before timm, which imports torchvision

    try:
        import timm
    except ImportError:
        raise RuntimeError(f"timm is not installed: run `{INSTALL}`, or choose another backbone") from None
    return timm
