"""The five-argument call refuses what does not belong together, each cause by its own sentence."""

import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from carekit import Care, box_masks, class_activation_map, feature_maps

BOXES = [[(5, 8, 30, 33)], [(20, 10, 44, 30)], []]


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.trunk = nn.Sequential(nn.Conv2d(3, 8, 3, 4, 1), nn.BatchNorm2d(8), nn.ReLU(inplace=True))
        self.fc = nn.Linear(8, 5)

    def forward(self, x):
        return self.fc(self.trunk(x).mean((2, 3)).tanh())


@pytest.fixture
def batch():
    torch.manual_seed(0)
    model = Net().eval()
    images = torch.rand(3, 3, 64, 64)
    with feature_maps(model.trunk) as maps:
        logits = model(images)
    m_in, has_box = box_masks(BOXES, (64, 64))
    return {
        "logits": logits,
        "features": maps[-1],
        "labels": torch.tensor([4, 0, 1]),
        "m_in": m_in,
        "has_box": has_box,
        "model": model,
        "images": images,
    }


def call(batch, care=None, **changed):
    values = {name: changed.get(name, batch[name]) for name in ("logits", "features", "labels", "m_in", "has_box")}
    return (care or Care())(*values.values())


def test_has_box_is_that_of_the_masks_and_other_kinds_of_masks_are_read(batch):
    expected = call(batch)
    for name, value in {
        "has_box": None,
        "m_in": batch["m_in"][:, None].bool(),
        "labels": batch["labels"].int(),
    }.items():
        assert call(batch, **{name: value}).total.item() == expected.total.item()
    assert call(batch, m_in=torch.zeros_like(batch["m_in"])).boxed == 0  # an empty mask is no box
    ignored = torch.tensor([4, -100, -100])
    assert call(batch, labels=ignored).boxed == 1


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("features", lambda x: x[:2], "3 logits and 2 features"),
        ("labels", lambda x: x[:2], "3 logits and 2 labels"),
        ("m_in", lambda x: x[:2], "3 logits and 2 masks"),
        ("m_in", lambda x: x * 255, "divide by 255"),
        ("features", lambda x: x.mean((2, 3), keepdim=True), "one cell an image"),
        ("features", lambda x: x.flatten(2).transpose(1, 2), r"tokens \(b, t, k\)"),
        ("features", lambda x: x.permute(0, 2, 3, 1), "do not have the proportions of 64 x 64 masks"),
        ("labels", lambda x: functional.one_hot(x, 5).float(), "one-hot, soft and several labels"),
        ("labels", lambda x: x + 1, "label 5 is no class"),
        ("logits", lambda x: x[:, 0], "give .b, c."),
        ("features", lambda x: x.detach(), "the features were detached"),
        ("logits", lambda x: x.detach(), "the logits were detached"),
        ("features", lambda x: x.flip(3), "in another forward pass"),
        ("features", lambda x: x.transpose(2, 3), "reshaped or cut after the layer"),
    ],
)
def test_a_sentence_for_each_cause(batch, name, change, words):
    with pytest.raises(ValueError, match=words):
        call(batch, **{name: change(batch[name])})


def test_causes_that_lie_around_the_pass(batch):
    model, images = batch["model"], batch["images"]

    def passed(run):
        with feature_maps(model.trunk) as maps:
            logits = run(images)
        return {"logits": logits, "features": maps[-1]}

    with torch.no_grad():
        unseen = passed(model)
    with pytest.raises(ValueError, match="torch.no_grad"):
        call(batch, **unseen)
    with pytest.raises(ValueError, match="use_reentrant=False"):
        call(batch, **passed(lambda x: checkpoint(model, x.requires_grad_(), use_reentrant=True)))
    images.requires_grad_(False)
    used = passed(model)
    functional.cross_entropy(used["logits"], batch["labels"]).backward()
    with pytest.raises(ValueError, match="call care before it"):
        call(batch, **used)
    with torch.no_grad():
        assert call(batch).attention.item() == pytest.approx(call(batch).attention.item())  # its pass had gradients
    model.trunk.requires_grad_(False)
    with pytest.raises(ValueError, match="are frozen"):
        call(batch, **passed(model))


def test_maps_are_in_32_bits_inside_of_autocast(batch):
    outside = call(batch)
    with torch.autocast("cpu", torch.bfloat16):
        inside = call(batch)
    assert inside.total.item() == outside.total.item()


def test_one_logit_has_a_map_for_each_class(batch):
    features = batch["features"]
    logit = features.mean((2, 3)).sum(1, keepdim=True)
    zero, one = torch.zeros(3, dtype=torch.long), torch.ones(3, dtype=torch.long)
    positive = class_activation_map(logit, features, one)
    torch.testing.assert_close(class_activation_map(logit, features, zero), 1 - positive)
    loss = Care()(logit, features, one, batch["m_in"], batch["has_box"])
    torch.testing.assert_close(
        loss.classification, functional.binary_cross_entropy_with_logits(logit[:, 0], one.float())
    )


def test_a_head_that_does_not_give_the_logits_is_refused(batch):
    with pytest.raises(ValueError, match="something stands between"):
        class_activation_map(batch["logits"] * 3, batch["features"], batch["labels"], classifier=batch["model"].fc)
    with pytest.raises(ValueError, match="the head takes 4 numbers"):
        class_activation_map(batch["logits"], batch["features"], batch["labels"], classifier=nn.Linear(4, 5))


def test_a_recorder_keeps_the_last_output_as_it_was_put_out(batch):
    layer = batch["model"].trunk[1]  # a ReLU in place behind it
    with feature_maps(layer) as maps:
        for _ in range(3):
            batch["model"](batch["images"])
    assert len(maps) == 1 and (maps[-1] < 0).any()
    with feature_maps(nn.ModuleList([layer])) as maps:
        batch["model"](batch["images"])
    with pytest.raises(ValueError, match="the layer did not run"):
        maps[-1]
    with pytest.raises(ValueError, match="layer is 'trunk', not a module"), feature_maps("trunk"):
        pass
