"""What does not belong together is refused by one sentence: what is wrong, and what to do."""

import copy

import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from carekit import Care


@pytest.fixture
def watched(small):
    model = small().eval()
    return model, Care().watch(model, "trunk")


def test_the_layer_is_named_with_the_nearest(net):
    with pytest.raises(ValueError, match="'layr4' is unknown: did you mean 'layer4'"):
        Care().watch(net(), "layr4")
    with pytest.raises(ValueError, match="did you mean 'layer4.1.conv2'"):
        Care().watch(net(), "layer4.1.conv22")
    with pytest.raises(ValueError, match="a Sequential that is not in the model"):
        Care().watch(net(), net().layer4)


def test_a_list_of_modules_is_never_called(net):
    model = nn.Sequential()
    model.blocks = nn.ModuleList([nn.Conv2d(3, 3, 1)])
    with pytest.raises(ValueError, match="'blocks' only holds others and is never called.*'blocks.0'"):
        Care().watch(model, "blocks")


@pytest.mark.parametrize("count", [(5, 6, 6), (6, 5, 6), (6, 6, 5)])
def test_counts_that_differ_name_both_numbers(watched, images, labels, boxes, count):
    model, care = watched
    n, m, k = count
    with pytest.raises(ValueError, match="6.*5|5.*6"):
        care(model(images)[:n], labels[:m], boxes[:k])


def test_fewer_logits_than_the_pass_had_images(watched, images, labels, boxes):
    model, care = watched
    with pytest.raises(ValueError, match="4 logits, but the layer 'trunk' put out maps of 6 images"):
        care(model(images)[:4], labels[:4], boxes[:4])


def test_logits_of_another_pass(watched, images, labels, boxes):
    model, care = watched
    old = model(images)
    care(old, labels, boxes)
    model(images)
    with pytest.raises(ValueError, match="in another forward pass: take both from one"):
        care(old, labels, boxes)


def test_detached_logits(watched, images, labels, boxes):
    model, care = watched
    with pytest.raises(ValueError, match="the logits were detached"):
        care(model(images).detach(), labels, boxes)


def test_logits_that_were_changed_in_validation(watched, images, labels, boxes):
    model, care = watched
    with torch.no_grad(), pytest.raises(ValueError, match="must be what the model itself returned"):
        care(model(images).softmax(1), labels, boxes)


def test_a_backward_pass_before(watched, images, labels, boxes):
    model, care = watched
    logits = model(images)
    functional.cross_entropy(logits.tanh(), labels).backward()
    tangled = nn.Sequential(nn.Conv2d(3, 4, 4, 4), nn.Tanh(), nn.Flatten(), nn.Linear(1024, 5))
    care = Care().watch(tangled, "1")
    logits = tangled(images)
    functional.cross_entropy(logits, labels).backward()
    with pytest.raises(ValueError, match=r"a backward pass has run .* call care before it"):
        care(logits, labels, boxes)


def test_a_reentrant_checkpoint(watched, images, labels, boxes):
    model, care = watched
    with pytest.raises(ValueError, match="use_reentrant=False"):
        care(checkpoint(model, images.requires_grad_(), use_reentrant=True), labels, boxes)


def test_one_cell(net, images, labels, boxes):
    model = net()
    with pytest.raises(ValueError, match="puts out 6 x 512 x 1 x 1, one cell an image.*before the pooling"):
        Care().watch(model, "avgpool")(model(images), labels, boxes)


def test_proportions_and_volumes(images, labels, boxes):
    class Odd(nn.Module):
        def __init__(self, *shape):
            super().__init__()
            self.trunk = nn.Sequential(nn.Conv2d(3, 8, 4, 4), nn.Flatten(), nn.Unflatten(1, shape))
            self.fc = nn.Linear(2048, 5)

        def forward(self, x):
            return self.fc(self.trunk(x).flatten(1))

    wide = Odd(2, 4, 256)
    with pytest.raises(ValueError, match="no map of 64 x 64 images"):
        Care().watch(wide, "trunk")(wide(images), labels, boxes)
    deep = Odd(4, 8, 8, 8)
    with pytest.raises(ValueError, match="a volume"):
        Care().watch(deep, "trunk")(deep(images), labels, boxes)


def test_a_network_without_any_map(images, labels, boxes):
    model = nn.Sequential(nn.Flatten(), nn.Linear(64 * 64 * 3, 5))
    with pytest.raises(ValueError, match="no layer found whose output is a map of the 64 x 64 images"):
        Care().watch(model)(model(images), labels, boxes)


def test_only_the_class_token_counts(images, labels, boxes):
    class Tokens(nn.Module):
        def __init__(self):
            super().__init__()
            self.patches = nn.Conv2d(3, 8, 16, 16)
            self.norm = nn.LayerNorm(8)
            self.fc = nn.Linear(8, 5)

        def forward(self, x):
            tokens = self.patches(x).flatten(2).transpose(1, 2)
            first = tokens.mean(1, keepdim=True)
            return self.fc(self.norm(torch.cat([first, tokens], 1))[:, 0])

    model = Tokens()
    with pytest.raises(ValueError, match="depend on the class token of 'norm' and not on its patches"):
        Care().watch(model, "norm")(model(images), labels, boxes)
    care = Care().watch(model, quiet=True)
    care(model(images), labels, boxes)
    assert care.layer == "patches"


def test_a_layer_that_does_not_run(small, images, labels, boxes):
    model = small()
    model.spare = nn.Conv2d(3, 3, 1)
    with pytest.raises(ValueError, match="the layer 'spare' did not run"):
        Care().watch(model, "spare")(model(images), labels, boxes)


def test_a_layer_that_was_replaced(small, images, labels, boxes):
    model = small()
    care = Care().watch(model, "trunk")
    model.trunk = copy.deepcopy(model.trunk)
    with pytest.raises(ValueError, match="'trunk' was replaced after"):
        care(model(images), labels, boxes)


def test_a_model_that_was_not_called(watched, labels, boxes):
    _, care = watched
    masks = torch.zeros(6, 64, 64)
    masks[0, :9, :9] = 1
    with pytest.raises(ValueError, match="was not called since watch"):
        care(torch.rand(6, 5, requires_grad=True), labels, masks)


def test_boxes_where_the_images_size_is_not_known(small, images, labels, boxes):
    model = small()
    care = Care().watch(model, "trunk")
    logits = model.fc(model.trunk(images).mean((2, 3)))  # the model itself was not called
    with pytest.raises(ValueError, match="the images' size is not known"):
        care(logits, labels, boxes)
    masks = torch.zeros(6, 64, 64)
    masks[0, :9, :9] = 1
    assert care(logits, labels, masks).boxed == 1


def test_outputs_that_are_no_logits(net, images, labels, boxes):
    model = net("googlenet", init_weights=False)
    care = Care().watch(model, quiet=True)
    output = model(images)
    with pytest.raises(ValueError, match="GoogLeNetOutputs with auxiliary heads: give its .logits"):
        care(output, labels, boxes)
    assert care(output.logits, labels, boxes).boxed == 4
    with pytest.raises(ValueError, match="logits are a dict"):
        care({"scores": output.logits}, labels, boxes)
    with pytest.raises(ValueError, match=r"logits have the shape \(6, 5, 1\)"):
        care(output.logits[..., None], labels, boxes)
