"""The energy loss and the L1 loss of the map."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from carekit import finetune
from carekit.data.batches import BoxedImages, boxed_rows
from carekit.experiment.box_sources import Truth
from carekit.method.cam import raw_activation_map
from carekit.networks import build
from carekit.objectives import L1, Energy, Step
from carekit.training import Schedule

BOTH = pytest.mark.parametrize("objective", [Energy, L1])


def masks():
    torch.manual_seed(0)
    m_in = torch.zeros(2, 12, 16, dtype=torch.uint8)
    m_in[0, 2:7, 5:11] = 1
    m_in[1, 0:12, 0:3] = 1
    return torch.randn(2, 3, 4).relu(), m_in


def enlarged(maps, size):
    """Bilinear enlargement, pixel by pixel, of centres at half a pixel."""
    n, u, v = maps.shape
    found = np.zeros((n, *size))
    for b, i, j in np.ndindex(n, *size):
        y = min(max((i + 0.5) * u / size[0] - 0.5, 0), u - 1)
        x = min(max((j + 0.5) * v / size[1] - 0.5, 0), v - 1)
        for p in range(u):
            for q in range(v):
                found[b, i, j] += max(0, 1 - abs(y - p)) * max(0, 1 - abs(x - q)) * maps[b, p, q].item()
    return found


def test_energy_is_the_share_of_the_enlarged_map_outside():
    maps, m_in = masks()
    large = enlarged(maps, (12, 16))
    expected = [1 - (large[b] * m_in[b].numpy()).sum() / large[b].sum() for b in range(2)]
    np.testing.assert_allclose(Energy().of_maps(maps, m_in), expected, rtol=1e-5)


def test_l1_is_the_distance_of_the_enlarged_map_from_the_mask():
    maps, m_in = masks()
    large = enlarged(maps, (12, 16))
    expected = [np.abs(m_in[b].numpy() - large[b] / large[b].max()).mean() for b in range(2)]
    np.testing.assert_allclose(L1().of_maps(maps, m_in), expected, rtol=1e-5)


@BOTH
def test_a_map_without_a_positive_value_has_the_worst_loss_and_a_finite_gradient(objective):
    maps = torch.zeros(1, 3, 4, requires_grad=True)
    m_in = torch.ones(1, 12, 16, dtype=torch.uint8)
    loss = objective().of_maps(maps.relu(), m_in)
    loss.sum().backward()
    assert loss.tolist() == [1] and maps.grad.isfinite().all()


def taken(model, has_box=(True, False, True)):
    torch.manual_seed(0)
    images = torch.rand(3, 3, 32, 32)
    m_in = torch.zeros(3, 32, 32, dtype=torch.uint8)
    m_in[torch.tensor(has_box), 8:20, 4:16] = 1
    logits, features = model.eval()(images)
    labels = torch.tensor([1, 0, 1])
    return Step(model, images, labels, m_in, torch.tensor(has_box), logits, features, functional.cross_entropy)


@BOTH
@pytest.mark.parametrize("method", ["grad_cam", "layer_cam"])
def test_the_loss_of_a_step_is_over_its_boxed_images(objective, method):
    step = taken(build("small", 2, seed=1))
    loss = objective(weight=0.7, method=method).loss_of(step)
    maps = raw_activation_map(step.logits, step.features, step.labels, method=method)
    local = objective().of_maps(maps.relu()[[0, 2]], step.m_in[[0, 2]]).mean()
    l_c = functional.cross_entropy(step.logits, step.labels)
    torch.testing.assert_close(loss.total, l_c + 0.7 * local)
    assert loss.boxed == 2 and loss.parts["L_loc"].item() == pytest.approx(local.item())


@BOTH
def test_without_a_box_and_with_a_weight_of_zero_it_is_the_classifier_alone(objective):
    step = taken(build("small", 2, seed=1), has_box=(False, False, False))
    for chosen in (objective(), objective(weight=0)):
        loss = chosen.loss_of(step)
        assert loss.total is loss.classification and loss.boxed == 0
    assert not objective().control().needs_boxes and objective().needs_boxes
    assert objective().parameters() == {
        "weight": 1.0,
        "method": "grad_cam",
        "gradient_of": "score",
        "second_order": False,
    }


@BOTH
def test_training_lowers_it(objective, tiny):
    images = BoxedImages(tiny, Truth()(tiny, boxed_rows(tiny)))
    model = build("small", 2, seed=1)
    history = finetune(model, images, objective(weight=2.0), Schedule(epochs=8, batch_size=8, lr=3e-3))
    assert history.L_loc.iloc[-1] < history.L_loc.iloc[0] - 0.05


@BOTH
def test_bad_values_are_refused(objective):
    with pytest.raises(ValueError, match="weight = -1 is out of range"):
        objective(weight=-1)
    with pytest.raises(ValueError, match="method = 'layercam' is unknown: did you mean 'layer_cam'"):
        objective(method="layercam")
