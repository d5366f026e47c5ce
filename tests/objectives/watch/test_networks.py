"""The layer is found on networks of every family, and the loss is that of an independent loop over images."""

import copy

import pytest
import torch

from carekit import Care
from carekit.networks.layers.axis_order import axis_order_of
from carekit.networks.vision import models  # noqa: F401  before timm, which imports torchvision

FOUND = {
    "resnet18": "layer4",
    "mobilenet_v3_small": "features",
    "efficientnet_b0": "features",
    "convnext_tiny": "features",
    "densenet121": "features",
    "shufflenet_v2_x0_5": "conv5",
    "mnasnet0_5": "layers",
    "regnet_y_400mf": "trunk_output",
    "squeezenet1_1": "classifier.2",  # its head is convolutional: one map a class, which is then pooled
    "vgg11": "features",  # not its pooling to a fixed 7 x 7
    "swin_t": "permute",
}
TIMM = {
    "resnet18": ("layer4", 64),
    "convnext_atto": ("norm_pre", 64),
    "efficientnet_b0": ("bn2", 64),  # its feature_info names a layer with a normalisation behind it
    "densenet121": ("features", 64),
    "mobilenetv3_small_100": ("blocks", 64),  # not conv_head, of one cell
    "resnetv2_50": ("norm", 64),
    "regnetx_002": ("final_conv", 64),
    "mobilevit_xxs": ("final_conv", 64),
    "vit_tiny_patch16_224": ("blocks.11.norm1", 64),  # behind it only the class token counts
    "deit_tiny_distilled_patch16_224": ("blocks.11.norm1", 64),
    "cait_xxs24_224": ("blocks_token_only.1.norm1", 64),
    "swin_tiny_patch4_window7_224": ("norm", 64),
}


def agrees_with_the_loop(model, layer, images, labels, boxes, loop):
    untouched = copy.deepcopy(model)
    care = Care().watch(model, quiet=True)
    torch.manual_seed(5)  # dropout is that of the independent pass
    loss = care(model(images), labels, boxes)
    assert care.layer == layer
    size = tuple(images.shape[2:])
    features = care._recorder.passes[-1].runs[-1].kept
    order = axis_order_of(tuple(features.shape), size)
    shape = None if order.kind == "maps" else order.size
    reference = loop(untouched, layer, images, labels, size=shape, skip=order.skip)
    assert loss.attention.item() == pytest.approx(reference.attention(boxes, size), abs=1e-5)
    for ours, row in zip(care.last.maps, care.last.rows.tolist(), strict=True):
        torch.testing.assert_close(ours.double(), torch.from_numpy(reference.maps[row]), atol=1e-5, rtol=0)
    assert care.last.maps.amax() == 1  # not empty on both sides


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("name", FOUND)
def test_torchvision(net, name, training, images, labels, boxes, loop):
    agrees_with_the_loop(net(name).train(training), FOUND[name], images, labels, boxes, loop)


@pytest.mark.parametrize("layer", ["layer3", "layer4.1.conv2"])
def test_a_layer_with_a_normalisation_behind_it_has_each_image_for_itself(net, layer, images, labels, boxes, loop):
    """Batch statistics mix the images in training mode; the map is still that of its own image's score."""
    model = net().train()
    reference = loop(model, layer, images, labels)
    loss = Care().watch(model, layer)(model(images), labels, boxes)
    assert loss.attention.item() == pytest.approx(reference.attention(boxes, (64, 64)), abs=1e-5)


def test_images_that_are_not_square(net, labels, loop):
    images = torch.rand(6, 3, 75, 101)
    boxes = [[(5, 8, 30, 33)], [(20, 10, 44, 30)], [], [(2, 30, 25, 60)], [(30, 30, 90, 50)], []]
    agrees_with_the_loop(net("mobilenet_v3_small").train(), "features", images, labels, boxes, loop)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("name", TIMM)
def test_timm(name, training, images, labels, boxes, loop):
    timm = pytest.importorskip("timm", reason="timm comes with the interop extra")
    torch.manual_seed(0)
    layer, size = TIMM[name]
    options = {"img_size": size} if any(kind in name for kind in ("deit", "cait", "swin", "vit_tiny")) else {}
    if "swin" in name:
        options["window_size"] = 2
    model = timm.create_model(name, num_classes=5, **options).train(training)
    agrees_with_the_loop(model, layer, images, labels, boxes, loop)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize(
    ("name", "layer"), [("DenseNet121", "class_layers.relu"), ("resnet18", "layer4"), ("SEResNet50", "layer4")]
)
def test_monai(name, layer, training, images, labels, boxes, loop):
    pytest.importorskip("monai", reason="MONAI comes with the interop extra")
    from monai.networks import nets

    torch.manual_seed(0)
    options = {"DenseNet121": {"in_channels": 3, "out_channels": 5}, "SEResNet50": {"in_channels": 3, "num_classes": 5}}
    options = options.get(name, {"n_input_channels": 3, "num_classes": 5})
    model = getattr(nets, name)(spatial_dims=2, **options).train(training)
    agrees_with_the_loop(model, layer, images, labels, boxes, loop)


@pytest.mark.parametrize("kind", ["ViT", "ResNet"])
def test_hugging_face(kind, images, labels, boxes, loop):
    transformers = pytest.importorskip("transformers", reason="transformers comes with the interop extra")
    torch.manual_seed(0)
    if kind == "ViT":
        shape = {"hidden_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 96}
        config = transformers.ViTConfig(image_size=64, patch_size=16, num_labels=5, **shape)
        layer = "vit.layers.1.layernorm_before"
    else:
        config = transformers.ResNetConfig(embedding_size=8, hidden_sizes=[8, 16], depths=[1, 1], num_labels=5)
        layer = "resnet.encoder"
    model = getattr(transformers, f"{kind}ForImageClassification")(config).eval()
    agrees_with_the_loop(model, layer, images, labels, boxes, loop)


def test_a_head_that_starts_at_zero_cannot_tell_the_layer_until_it_has_moved(net, images, labels, boxes, capsys):
    model = net()
    torch.nn.init.zeros_(model.fc.weight)
    care = Care().watch(model)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    loss = care(model(images), labels, boxes)
    assert care.layer is None and loss.boxed == 0 and loss.total.isfinite()
    loss.total.backward()
    optimizer.step()
    assert care(model(images), labels, boxes).boxed == 4
    assert care.layer == "layer4"
    assert "CARE watches the layer 'layer4', maps of 2 x 2" in capsys.readouterr().out
