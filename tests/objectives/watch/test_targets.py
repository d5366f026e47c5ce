"""Labels of every kind: L_c is what torch computes for them, and the map is that of the right score."""

import pytest
import torch
from torch.nn import functional

from carekit import Care
from carekit.method.cam import normalise


@pytest.fixture
def passed(small, images, boxes):
    """A call of the watched small network with labels of 5 classes."""

    def call(labels, classes: int = 5, **options):
        model = small(classes).eval()
        care = Care().watch(model, "trunk", class_loss=options.pop("loss", None))
        return model, care, care(model(images), labels, boxes, **options)

    return call


def maps_by_hand(model, images, weights):
    """CAM of a pooled linear head, Eq. 1, with a weight vector (b, classes) over the scores."""
    features = model.trunk(images).detach()
    return normalise(torch.einsum("bc,ck,bkuv->buv", weights, model.fc.weight.detach(), features))


@pytest.mark.parametrize("kind", ["int64", "int32", "column", "one-hot", "one-hot float"])
def test_classes(passed, images, labels, kind):
    one_hot = functional.one_hot(labels, 5)
    given = {
        "int64": labels,
        "int32": labels.int(),
        "column": labels[:, None],
        "one-hot": one_hot,
        "one-hot float": one_hot.float(),
    }[kind]
    model, care, loss = passed(given)
    torch.testing.assert_close(loss.classification, functional.cross_entropy(model(images), labels))
    expected = maps_by_hand(model, images, one_hot.float())[care.last.rows]
    torch.testing.assert_close(care.last.maps, expected, atol=1e-5, rtol=0)


def test_mixup_takes_the_stronger_class(passed, images, labels):
    soft = 0.7 * functional.one_hot(labels, 5) + 0.3 * functional.one_hot(labels.roll(1), 5)
    model, care, loss = passed(soft)
    torch.testing.assert_close(loss.classification, functional.cross_entropy(model(images), soft))
    expected = maps_by_hand(model, images, functional.one_hot(labels, 5).float())[care.last.rows]
    torch.testing.assert_close(care.last.maps, expected, atol=1e-5, rtol=0)


def test_several_classes_at_once_take_the_sum_of_their_scores(passed, images, labels):
    several = functional.one_hot(labels, 5).float()
    several[0, 2] = 1
    several[1] = 0  # a box, but no class: no map
    bce = functional.binary_cross_entropy_with_logits
    model, care, loss = passed(several, loss=bce)
    torch.testing.assert_close(loss.classification, bce(model(images), several))
    assert care.last.rows.tolist() == [0, 3, 4]
    expected = maps_by_hand(model, images, several)[care.last.rows]
    torch.testing.assert_close(care.last.maps, expected, atol=1e-5, rtol=0)
    with pytest.raises(ValueError, match="rows do not sum to 1.*binary_cross_entropy_with_logits"):
        passed(several)


@pytest.mark.parametrize("shape", ["(b,)", "(b, 1)"])
@pytest.mark.parametrize("dtype", [torch.long, torch.float32, torch.bool])
def test_one_logit(small, images, boxes, shape, dtype):
    model = small(1).eval()
    labels = torch.tensor([1, 0, 1, 0, 1, 0])
    care = Care().watch(model, "trunk")
    logits = model(images)
    given = logits[:, 0] if shape == "(b,)" else logits
    loss = care(given, labels.to(dtype), boxes)
    expected = functional.binary_cross_entropy_with_logits(logits[:, 0], labels.float())
    torch.testing.assert_close(loss.classification, expected)
    sign = (2.0 * labels - 1)[:, None]  # class 0 is the logit's negative
    torch.testing.assert_close(care.last.maps, maps_by_hand(model, images, sign)[care.last.rows], atol=1e-5, rtol=0)


def test_images_without_a_label_get_no_map(passed, images, labels):
    ignored = labels.clone()
    ignored[3] = -100
    model, care, loss = passed(ignored)
    assert care.last.rows.tolist() == [0, 1, 4] and loss.boxed == 3
    torch.testing.assert_close(loss.classification, functional.cross_entropy(model(images), ignored))
    other = labels.clone()
    other[0] = 255
    _, care, _ = passed(other, loss=torch.nn.CrossEntropyLoss(ignore_index=255))
    assert care.last.rows.tolist() == [1, 3, 4]


@pytest.mark.parametrize("target", ["int", "tensor", "predicted", "one-hot"])
def test_the_maps_class_may_be_given_apart(passed, small, images, labels, target):
    predicted = small().eval()(images).argmax(1)
    wanted = {"int": torch.full((6,), 3), "tensor": labels.roll(1), "predicted": predicted, "one-hot": labels.roll(2)}
    given = {"int": 3, "tensor": labels.roll(1), "predicted": None, "one-hot": functional.one_hot(labels.roll(2), 5)}
    model, care, loss = passed(labels, target=given[target])
    expected = maps_by_hand(model, images, functional.one_hot(wanted[target], 5).float())[care.last.rows]
    torch.testing.assert_close(care.last.maps, expected, atol=1e-5, rtol=0)
    torch.testing.assert_close(loss.classification, functional.cross_entropy(model(images), labels))


def test_a_regression_asks_for_its_loss_and_target(passed, images, labels, boxes):
    values = torch.rand(6, 5)
    model, care, loss = passed(values, loss=functional.mse_loss, target=2)
    torch.testing.assert_close(loss.classification, functional.mse_loss(model(images), values))
    assert loss.boxed == 4


@pytest.mark.parametrize(
    ("labels", "options", "words"),
    [
        (torch.tensor([4, 0, 5, 1, 2, 0]), {"loss": lambda y, t: y.sum()}, "label 5 is no class.*0 to 4"),
        (torch.rand(6), {}, "class numbers of type torch.float32: make them whole"),
        (torch.zeros(6, 3), {}, r"labels of shape \(6, 3\) do not fit logits of shape \(6, 5\)"),
        (torch.zeros(6, dtype=torch.long), {"target": "label"}, "target = 'label' is unknown"),
        (torch.zeros(6, dtype=torch.long), {"target": torch.zeros(2).long()}, "2 labels for 6 logits"),
        (
            torch.full((6,), 2),
            {"classes": 1, "loss": lambda y, t: y.sum()},
            "label 2 with one logit: labels are 0 or 1",
        ),
    ],
)
def test_labels_that_do_not_fit(passed, labels, options, words):
    with pytest.raises(ValueError, match=words):
        passed(labels, **options)
