import numpy as np
import pytest
import torch
from torch import nn

from carekit import cam
from carekit.backbones import build


@pytest.fixture
def passed():
    torch.manual_seed(0)
    model = build("small", 5, seed=1).eval()
    images = torch.rand(4, 3, 32, 32)
    return model, images, model(images), torch.tensor([0, 3, 3, 1])


def test_channel_weights_are_the_finite_differences_of_the_score():
    torch.manual_seed(0)
    head = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Tanh(), nn.Flatten(), nn.Linear(16, 2)).double()
    features = torch.rand(2, 3, 4, 4, dtype=torch.float64, requires_grad=True)
    classes = torch.tensor([1, 0])
    found = cam.channel_weights(head(features), features, classes)
    for b in range(2):
        for k in range(3):
            total, step = 0.0, 1e-6
            for i in range(4):
                for j in range(4):
                    up, down = features.detach().clone(), features.detach().clone()
                    up[b, k, i, j] += step
                    down[b, k, i, j] -= step
                    total += ((head(up) - head(down))[b, classes[b]] / (2 * step)).item()
            assert found[b, k].item() == pytest.approx(total / 16, abs=1e-8)


def test_for_a_linear_head_the_weights_need_no_backward_pass(passed):
    model, _, (logits, features), classes = passed
    by_gradient = cam.channel_weights(logits, features, classes)
    by_identity = cam.linear_head_weights(model.linear_head, classes, features.shape[2] * features.shape[3])
    torch.testing.assert_close(by_identity, by_gradient, atol=1e-6, rtol=1e-5)


def test_activation_map_is_the_sum_of_equation_3():
    torch.manual_seed(0)
    features, weights = torch.rand(2, 3, 4, 5), torch.randn(2, 3)
    expected = np.zeros((2, 4, 5))
    for b, k, i, j in np.ndindex(2, 3, 4, 5):
        expected[b, i, j] += weights[b, k] * features[b, k, i, j]
    np.testing.assert_allclose(cam.activation_map(features, weights), expected, atol=1e-6)
    np.testing.assert_allclose(cam.grad_cam_relu(features, weights[:, :, None, None]), expected.clip(0), atol=1e-6)


def test_normalise_is_minimum_zero_and_maximum_one():
    maps = cam.normalise(torch.randn(3, 4, 5) * torch.tensor([1e-6, 1, 1e6])[:, None, None])
    assert maps.amin((1, 2)).tolist() == [0, 0, 0]
    assert maps.amax((1, 2)).tolist() == [1, 1, 1]


@pytest.mark.parametrize("value", [0.0, 3.0, -1e-12, 1e8])
def test_a_constant_map_becomes_zeros_with_a_finite_gradient(value):
    maps = torch.full((1, 4, 4), value, requires_grad=True)
    found = cam.normalise(maps)
    found.sum().backward()
    assert found.abs().max() == 0
    assert maps.grad.isfinite().all()


def test_rows_select_the_maps_of_the_whole_batch(passed):
    model, _, (logits, features), classes = passed
    rows = torch.tensor([1, 3])
    for classifier in (None, model.linear_head):
        all_maps = cam.class_activation_map(logits, features, classes, classifier=classifier)
        some = cam.class_activation_map(logits, features, classes, rows=rows, classifier=classifier)
        torch.testing.assert_close(some, all_maps[rows])


def test_sigma_is_constant_by_default_and_carries_gradient_in_second_order(passed):
    model, _, (logits, features), classes = passed
    weight = model.linear_head.weight
    for classifier in (None, model.linear_head):
        first = cam.class_activation_map(logits, features, classes, classifier=classifier)
        assert torch.autograd.grad(first.sum(), weight, retain_graph=True, allow_unused=True) == (None,)
        second = cam.class_activation_map(logits, features, classes, classifier=classifier, second_order=True)
        (gradient,) = torch.autograd.grad(second.sum(), weight, retain_graph=True)
        assert gradient.abs().max() > 0


def test_making_a_map_leaves_no_gradient_behind(passed):
    model, _, (logits, features), classes = passed
    cam.class_activation_map(logits, features, classes)
    assert all(parameter.grad is None for parameter in model.parameters())


def test_the_gradient_of_the_loss_turns_the_map_over(passed):
    """Algorithm 2 read literally: the map of the loss is high where the map of the score is low."""
    _, _, (logits, features), classes = passed
    score = cam.class_activation_map(logits, features, classes)
    loss = cam.class_activation_map(logits, features, classes, gradient_of="loss")
    pairs = zip(score.detach(), loss.detach(), strict=True)
    correlations = [np.corrcoef(s.flatten(), m.flatten())[0, 1] for s, m in pairs]
    assert max(correlations) < 0


def test_features_from_elsewhere_are_refused(passed):
    _, _, (logits, _), classes = passed
    with pytest.raises(ValueError, match="one forward pass"):
        cam.channel_weights(logits, torch.rand(4, 64, 4, 4, requires_grad=True), classes)


def test_feature_maps_removes_its_hook_even_after_an_error(passed):
    model, images, _, _ = passed
    with pytest.raises(RuntimeError, match="stop"), cam.feature_maps(model.trunk) as maps:
        model(images)
        raise RuntimeError("stop")
    assert len(maps) == 1
    model(images)
    assert len(maps) == 1


def test_resize_keeps_a_constant_and_the_size():
    large = cam.resize(torch.full((2, 3, 3), 0.4), (9, 7))
    assert large.shape == (2, 9, 7)
    torch.testing.assert_close(large, torch.full((2, 9, 7), 0.4))
