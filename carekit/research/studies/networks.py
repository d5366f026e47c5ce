"""The networks that lesson 8 compares, by profile."""

from dataclasses import dataclass, replace

from carekit.experiment.profiles import Profile, with_backbone
from carekit.research.setting import setting as setup
from carekit.research.setting.setting import Setting
from carekit.training import Schedule


@dataclass(frozen=True)
class Network:
    """A network of the comparison.

    Args:
        backbone: its name, as `carekit.networks.build` takes it.
        profile: how it is trained.
        earlier: a layer before its last one, whose maps are worth a look; empty for none.
    """

    backbone: str
    profile: Profile
    earlier: str = ""


def networks(lesson: Setting) -> dict[str, Network]:
    """The networks that the profile can afford, by what they are in words; the lesson's own is the first."""
    own = lesson.profile

    def like_own(name: str) -> Network:
        return Network(name, with_backbone(own, name))

    if own.name == "paper":
        resnet = Network(own.backbone, own, "layer3")
        return {"ResNet50": resnet, "VGG19": like_own("vgg19"), "ViT-B/16": like_own("vit_b_16")}
    if own.backbone == "small":
        return {"small net": Network(own.backbone, own, "4"), "small transformer": like_own("small_vit")}
    # Trained without ImageNet weights: smaller images and more epochs, to fit a CPU.
    scratch = replace(
        with_backbone(own, "small"),
        size=48,
        test_images=60,
        pretrain=Schedule(epochs=16, lr=3e-3, cosine=True),
        finetune=Schedule(epochs=8, lr=1e-3, cosine=True),
    )
    return {
        "frozen Lite0 + convolution": Network(own.backbone, own),
        "frozen Lite0 + transformer": like_own("efficientnet_lite0_vit"),
        "small net, from scratch": Network("small", scratch, "4"),
    }


def on(lesson: Setting, network: Network) -> Setting:
    """The lesson with another network; the data are drawn or shrunk again for a network that takes other images."""
    # The data depend on a profile by these three alone.
    old, new = lesson.profile, network.profile
    same = (old.size, old.images, old.test_images) == (new.size, new.images, new.test_images)
    if same:
        return replace(lesson, profile=new)
    return replace(lesson, profile=new, data=setup.load(lesson.parameters, new))
