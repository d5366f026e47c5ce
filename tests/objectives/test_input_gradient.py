import pytest
import torch
from torch import nn
from torch.nn import functional

from carekit.data.batches import BoxedImages, boxed_rows
from carekit.experiment.box_sources import Random
from carekit.networks import Backbone, Parts, build
from carekit.objectives import InputGradient, Step
from carekit.training import Schedule, finetune


def taken(model, images, labels, m_in):
    images = images.requires_grad_()
    logits, features = model(images)
    has_box = (m_in > 0).flatten(1).any(1)
    return Step(model, images, labels, m_in, has_box, logits, features, functional.cross_entropy)


def smooth_model():
    torch.manual_seed(0)
    trunk = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.Tanh())
    head = nn.Sequential(nn.Flatten(), nn.Linear(4 * 36, 3))
    return Backbone("smooth", 3, Parts(trunk, head)).double()


def test_the_penalty_is_that_of_finite_differences():
    """Σ over pixels outside the box of the squared slope of Σ_c log p_c, written as a loop."""
    model = smooth_model()
    images = torch.rand(2, 3, 6, 6, dtype=torch.float64)
    m_in = torch.zeros(2, 6, 6, dtype=torch.uint8)
    m_in[0, 1:4, 2:5] = 1
    loss = InputGradient(weight=2.0).loss_of(taken(model, images, torch.tensor([0, 2]), m_in))

    def log_p(x):
        with torch.no_grad():
            return model(x).logits.log_softmax(1)[0].sum().item()

    expected, h = 0.0, 1e-5
    for colour in range(3):
        for i in range(6):
            for j in range(6):
                if not m_in[0, i, j]:
                    step = torch.zeros(1, 3, 6, 6, dtype=torch.float64)
                    step[0, colour, i, j] = h
                    one = images[:1].detach()
                    expected += ((log_p(one + step) - log_p(one - step)) / (2 * h)) ** 2
    assert loss.parts["L_right"].item() == pytest.approx(expected, rel=1e-6)
    assert loss.total.item() == pytest.approx(loss.classification.item() + 2 * expected, rel=1e-6)
    assert loss.boxed == 1


def test_it_makes_the_network_less_sensitive_outside(tiny):
    rows = boxed_rows(tiny)
    batch = BoxedImages(tiny).__getitems__(rows)
    slopes = []
    for weight in (0.0, 30.0):
        model = build("small", 2, seed=1)
        objective = InputGradient(weight=weight)
        finetune(model, BoxedImages(tiny), objective, Schedule(epochs=8, batch_size=8, lr=3e-3))
        step = taken(model.eval(), batch.images.float() / 255, batch.labels, batch.m_in)
        slopes.append(InputGradient(weight=1.0).loss_of(step).parts["L_right"].item())
    assert slopes[1] < slopes[0] / 2


def test_its_control_is_plain_training(tiny):
    weights = []
    for objective, shown in ((InputGradient().control(), None), (InputGradient(), {})):
        model = build("small", 2, seed=1)
        if objective.needs_boxes:
            with pytest.raises(ValueError, match="InputGradient.*no training image of the chosen classes has a box"):
                finetune(model, BoxedImages(tiny, shown), objective, Schedule(epochs=1))
            objective = objective.control()
        finetune(model, BoxedImages(tiny, shown), objective, Schedule(epochs=2, batch_size=8))
        weights.append(torch.cat([p.flatten() for p in model.parameters()]))
    assert torch.equal(*weights)


def test_it_trains_with_any_source_of_boxes(tiny):
    history = finetune(
        build("small", 2),
        BoxedImages(tiny, Random()(tiny, boxed_rows(tiny))),
        InputGradient(),
        Schedule(epochs=2, batch_size=8),
    )
    assert history["L_right"].gt(0).all()


def test_a_weight_out_of_range_is_refused():
    with pytest.raises(ValueError, match="weight = -1 is out of range"):
        InputGradient(weight=-1)
