import numpy as np
import pytest
import torch
from torch import Tensor, nn

from carekit.method import cam
from carekit.networks import build


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
    with pytest.raises(ValueError, match="in another forward pass"):
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


PARTIAL = ("hires_cam", "layer_cam", "grad_cam_pp")


def by_equation(method, features, gradient):
    """The three maps as their papers print them, position by position."""
    n, k, u, v = features.shape
    found = np.zeros((n, u, v))
    for b, i, j in np.ndindex(n, u, v):
        for c in range(k):
            g, a = gradient[b, c], features[b, c]
            if method == "hires_cam":
                weight = g[i, j]
            elif method == "layer_cam":
                weight = max(g[i, j], 0)
            else:
                weight = 0.0
                for p, q in np.ndindex(u, v):
                    if g[p, q] != 0:
                        alpha = g[p, q] ** 2 / (2 * g[p, q] ** 2 + a.sum() * g[p, q] ** 3)
                        weight += alpha * max(g[p, q], 0)
            found[b, i, j] += weight * a[i, j]
    return found


@pytest.mark.parametrize("method", PARTIAL)
def test_a_map_is_its_papers_equation_in_a_loop(method):
    torch.manual_seed(0)
    features, gradient = torch.rand(2, 3, 4, 5), torch.randn(2, 3, 4, 5)
    found = cam.MAPS.named(method).function(features, gradient)
    np.testing.assert_allclose(found, by_equation(method, features.numpy(), gradient.numpy()), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("method", cam.MAPS)
def test_a_gradient_that_is_the_same_everywhere_may_come_as_one_number(method, passed):
    model, _, (logits, features), classes = passed
    raw = [
        cam.raw_activation_map(logits, features, classes, classifier=classifier, method=method)
        for classifier in (None, model.linear_head)
    ]
    assert raw[0].abs().max() > 1e-3
    torch.testing.assert_close(raw[1], raw[0], atol=1e-6, rtol=1e-5)


def test_for_a_linear_head_hires_cam_is_grad_cam_and_layer_cam_its_positive_channels(passed):
    model, _, (logits, features), classes = passed
    maps = {m: cam.raw_activation_map(logits, features, classes, method=m) for m in cam.MAPS}
    torch.testing.assert_close(maps["hires_cam"], maps["grad_cam"], atol=1e-6, rtol=1e-5)
    positive = model.linear_head.weight.relu()[classes] / 16
    torch.testing.assert_close(maps["layer_cam"], cam.activation_map(features, positive), atol=1e-6, rtol=1e-5)


def nonlinear_head():
    head = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Softplus(), nn.Flatten(), nn.Linear(16, 2)).double()
    features = torch.rand(2, 3, 4, 4, dtype=torch.float64, requires_grad=True)
    return head, features, torch.tensor([1, 0])


@pytest.mark.parametrize("method", cam.MAPS)
@pytest.mark.parametrize("second_order", [False, True])
def test_the_slope_of_a_map_is_that_of_finite_differences(method, second_order, monkeypatch):
    """With the gradient held by default, and with all that moves in second order."""
    torch.manual_seed(3)
    monkeypatch.setattr(Tensor, "float", Tensor.double)  # differences are too coarse in 32 bits
    head, features, classes = nonlinear_head()
    function, towards = cam.MAPS.named(method).function, torch.randn(2, 4, 4, dtype=torch.float64)
    held = cam.score_gradient(head(features), features, classes)
    weights = held * 0 + features.detach().sum((2, 3), keepdim=True)  # Grad-CAM++ holds this sum as well

    def value(x):
        if second_order:
            return (function(x, cam.score_gradient(head(x), x, classes, second_order=True)) * towards).sum()
        if method == "grad_cam_pp":
            each = held.relu() / (2 + held.relu() * weights)
            return (cam.activation_map(x, each.sum((2, 3))) * towards).sum()
        return (function(x, held) * towards).sum()

    passed = cam.raw_activation_map(head(features), features, classes, method=method, second_order=second_order)
    (found,) = torch.autograd.grad((passed * towards).sum(), features)
    for place in ((0, 0, 1, 2), (1, 2, 3, 0), (0, 1, 2, 2)):
        up, down = features.detach().clone(), features.detach().clone()
        up[place] += 1e-6
        down[place] -= 1e-6
        slope = (value(up.requires_grad_()) - value(down.requires_grad_())) / 2e-6
        assert found[place].item() == pytest.approx(slope.item(), rel=1e-4, abs=1e-7)


@pytest.mark.parametrize("method", cam.MAPS)
def test_a_map_of_any_layer(method, passed):
    model, images, _, classes = passed
    with cam.feature_maps(model.trunk[3]) as recorded:
        logits = model(images).logits
    maps = cam.class_activation_map(logits, recorded[-1], classes, method=method)
    assert maps.shape == (4, 16, 16)
    assert (maps.amin((1, 2)) == 0).all() and (maps.amax((1, 2)) == 1).all()


def test_grad_cam_pp_stays_finite_where_feature_maps_are_negative():
    features = torch.full((1, 1, 2, 2), -0.5, requires_grad=True)  # 2 + g Σ A = 0
    cam.grad_cam_pp(features, torch.ones(1, 1, 2, 2)).sum().backward()
    assert features.grad.isfinite().all() and features.grad.abs().max() > 0
