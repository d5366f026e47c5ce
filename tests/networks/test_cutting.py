"""A network cut at a layer is the network, and its maps and losses are those of an independent loop over images."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

from carekit import Care
from carekit.method.boxes import box_masks
from carekit.method.cam import MAPS, class_activation_map, resize
from carekit.networks import at_layer, build
from carekit.networks.cutting import cut, locate
from carekit.networks.layers.axis_order import AxisOrder
from carekit.networks.torchvision_nets import _built

SIZE = 64
BOXES = [[(5, 8, 30, 33)], [(20, 10, 44, 30)], []]
# One of each kind of cut: layers in a row, pooling and a linear layer, tokens, channels last, an earlier layer.
NAMES = {
    "small": (8, 8),
    "small_vit": (8, 8),
    "efficientnet_lite0_fine": (8, 8),
    "efficientnet_lite0_vit@block1": (4, 4),
    "mobilenet_v3_small": (2, 2),
    "densenet121": (2, 2),
    "shufflenet_v2_x0_5": (2, 2),
    "swin_t@features.3": (8, 8),
    "resnet18@layer3": (4, 4),
    "timm:resnet18": (2, 2),
    "timm:vit_tiny_patch16_224": (4, 4),
}


@pytest.fixture
def images():
    torch.manual_seed(0)
    return torch.rand(3, 3, SIZE, SIZE)


LABELS = torch.tensor([4, 0, 2])


def made(name, classes=5):
    if name.startswith("timm:"):
        pytest.importorskip("timm", reason="timm comes with the interop extra")
    return build(name, classes)


def map_by_loop(features, gradient):
    """Eqs. 2 and 3 and the normalisation, in numbers of 64 bits."""
    found = np.zeros(features.shape[1:])
    for k in range(len(features)):
        found += gradient[k].mean() * features[k]
    found -= found.min()
    return found / found.max() if found.max() > 0 else found


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("name", NAMES)
def test_map_and_loss_are_those_of_a_loop_with_autograd(name, training, images):
    model = made(name).train(training)
    twin = copy.deepcopy(model)
    torch.manual_seed(5)  # dropout and the depth of a step are those of the twin
    logits, features = model(images)
    assert features.shape[2:] == NAMES[name] and logits.shape == (3, 5)
    m_in, has_box = box_masks(BOXES, (SIZE, SIZE))
    ours = class_activation_map(logits, features, LABELS, classifier=model.linear_head)
    loss = Care()(logits, features, LABELS, m_in, has_box, classifier=model.linear_head)

    torch.manual_seed(5)
    scores, maps = twin(images)
    each = []
    for i, label in enumerate(LABELS.tolist()):
        (slope,) = torch.autograd.grad(scores[i, label], maps, retain_graph=True)
        expected = map_by_loop(maps[i].detach().double().numpy(), slope[i].double().numpy())
        np.testing.assert_allclose(ours[i].detach().numpy(), expected, atol=1e-5)
        assert expected.max() == 1
        if BOXES[i]:
            large = resize(torch.from_numpy(expected)[None], (SIZE, SIZE))[0].numpy()
            inside = m_in[i].numpy() > 0
            each.append(-min(large[inside].mean(), 0.7) + large[~inside].mean())
    assert loss.attention.item() == pytest.approx(np.mean(each), abs=1e-5)
    loss.total.backward()
    assert any(weight.grad is not None and weight.grad.any() for weight in model.trunk.parameters())


@pytest.mark.parametrize(
    ("name", "layer"),
    [
        ("mobilenet_v3_small", ""),
        ("densenet121", ""),
        ("densenet121", "features.denseblock3"),
        ("squeezenet1_1", "features.9"),
        ("swin_t", "features.5"),
        ("googlenet", "inception4e"),
    ],
)
def test_a_cut_changes_nothing_and_leaves_the_maps_alone(name, layer, images):
    """The whole network with the same weights gives the same scores; what its layer puts out are the maps."""
    torch.manual_seed(1)
    net = _built(name, imagenet=False).eval()
    torch.manual_seed(1)
    whole = _built(name, imagenet=False)
    place, layout = locate(whole, layer)
    trunk, head, *_ = cut(whole.eval(), place, layout)
    kept = []
    net.get_submodule(place).register_forward_hook(lambda _m, _i, output: kept.append(output.clone()))
    with torch.no_grad():
        expected, features = net(images), trunk(images)
        before = features.clone()
        torch.testing.assert_close(head(features), expected, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(features, layout.maps(kept[0]))
    assert torch.equal(features, before)  # a ReLU in place behind it reaches a copy


@pytest.mark.parametrize(("name", "layer"), [("small", "4"), ("efficientnet_lite0_vit", "block1")])
def test_a_trained_network_shows_an_earlier_layer_with_the_same_weights_and_scores(name, layer, images):
    model = build(name, 5).eval()
    earlier = at_layer(model, layer)
    with torch.no_grad():
        torch.testing.assert_close(earlier(images).logits, model(images).logits, atol=1e-6, rtol=1e-5)
    assert {id(p) for p in earlier.parameters()} == {id(p) for p in model.parameters()}
    assert earlier.name == f"{name}@{layer}" and not earlier.training
    assert earlier.map_size(SIZE)[0] == (16 if name == "small" else 4)


def test_the_same_seed_gives_the_same_network_the_first_time_and_later():
    one, other = (build("shufflenet_v2_x1_0", 3, seed=4).state_dict() for _ in range(2))
    assert all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("method", MAPS)
def test_every_map_of_an_earlier_layer_moves_the_weights_before_it(method, images):
    model = build("resnet18@layer3", 5).train()
    logits, features = model(images)
    m_in, has_box = box_masks(BOXES, (SIZE, SIZE))
    loss = Care(method=method)(logits, features, LABELS, m_in, has_box)
    loss.attention.backward()
    assert model.trunk.conv1.weight.grad.any() and all(p.grad is None for p in model.head.parameters())


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("resnet18@layr3", "layer = 'layr3' is unknown: did you mean 'layer3'"),
        ("resnet18@layer4.0.conv1", "something goes past the layer 'layer4.0.conv1'.*the whole block .*'layer4.0'"),
        ("densenet121@avgpool", "layer = 'avgpool' is unknown"),
        ("mobilenet_v3_small@avgpool", "layer 'avgpool': .* puts out 2 x 576 x 1 x 1, which is no map of 224 x 224"),
        ("squeezenet1_1@classifier", "layer 'classifier': .* puts out 2 x 1000 x 1 x 1, which is no map"),
        ("vit_b_32@encoder_layer_5", "'encoder_layer_5' has a class token beside its maps"),
    ],
)
def test_a_layer_that_cannot_be_cut_at_is_one_sentence(name, words):
    with pytest.raises(ValueError, match=words) as caught:
        build(name, 3)
    assert "\n" not in str(caught.value)


def test_a_network_that_puts_out_more_than_scores_is_refused():
    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.trunk, self.fc = nn.Conv2d(3, 4, 16, stride=16), nn.Linear(4, 2)

        def forward(self, images):
            features = self.trunk(images)
            return self.fc(features.mean((2, 3))), features

    with pytest.raises(ValueError, match="puts out more than its scores"):
        cut(Two(), "trunk", AxisOrder("maps", (14, 14)))
