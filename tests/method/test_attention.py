import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from carekit import Care, box_masks
from carekit.method import attention
from carekit.method.boxes import outer_mask
from carekit.method.cam import class_activation_map, resize
from carekit.networks import build


def written_from_the_paper(logits, features, sigma, m_in, tau, lam, alpha, label):
    """Eqs. 3-7 and Algorithm 1 for one image, in loops over numpy arrays."""
    k, u, v = features.shape
    h, w = m_in.shape
    cam = np.zeros((u, v))
    for channel in range(k):
        cam += sigma[channel] * features[channel]
    cam -= cam.min()
    cam /= cam.max()
    large = np.zeros((h, w))
    for i in range(h):
        for j in range(w):
            y = np.clip((i + 0.5) * u / h - 0.5, 0, u - 1)
            x = np.clip((j + 0.5) * v / w - 0.5, 0, v - 1)
            y0, x0 = int(y), int(x)
            y1, x1 = min(y0 + 1, u - 1), min(x0 + 1, v - 1)
            top = cam[y0, x0] * (1 - x + x0) + cam[y0, x1] * (x - x0)
            low = cam[y1, x0] * (1 - x + x0) + cam[y1, x1] * (x - x0)
            large[i, j] = top * (1 - y + y0) + low * (y - y0)
    inside = sum(large[i, j] for i in range(h) for j in range(w) if m_in[i, j]) / m_in.sum()
    outside = sum(large[i, j] for i in range(h) for j in range(w) if not m_in[i, j]) / (m_in == 0).sum()
    l_in, l_out = -min(inside, tau), outside
    l_c = -logits[label] + np.log(np.exp(logits).sum())
    return (1 - alpha) * l_c + alpha * (l_in + lam * l_out)


@pytest.mark.parametrize("tau", [0.2, 0.7])
@pytest.mark.parametrize("lam", [0.0, 1.3])
def test_the_objective_is_the_papers(tau, lam):
    torch.manual_seed(1)
    model = build("small", 4).double().eval()
    labels = torch.tensor([2, 0, 2])
    logits, features = model(torch.rand(3, 3, 32, 32, dtype=torch.float64))
    m_in, has_box = box_masks([[(4, 6, 20, 17)], [(0, 0, 9, 30), (20, 20, 31, 31)], [(10, 1, 30, 12)]], (32, 32))
    found = Care(alpha=0.4, tau=tau, lam=lam)(logits, features, labels, m_in, has_box)
    sigma = model.head.classifier.weight.detach().numpy() / features[0, 0].numel()
    each = [
        written_from_the_paper(
            logits[i].detach().numpy(),
            features[i].detach().numpy(),
            sigma[labels[i]],
            m_in[i].numpy(),
            tau,
            lam,
            0.4,
            labels[i],
        )
        for i in range(3)
    ]
    assert found.total.item() == pytest.approx(np.mean(each), abs=1e-5)


def test_the_gradient_is_that_of_finite_differences():
    """Second order included: then the loss is a plain function of the parameters."""
    torch.manual_seed(0)
    features = torch.rand(2, 3, 4, 4, dtype=torch.float64, requires_grad=True)
    classifier = nn.Linear(3, 2).double()
    labels, (m_in, has_box) = torch.tensor([1, 0]), box_masks([[(1, 1, 6, 5)], [(3, 0, 8, 8)]], (8, 8))
    care = Care(alpha=0.6, tau=0.9, second_order=True)

    def total(features, weight):
        features, weight = (t if t.requires_grad else t.requires_grad_() for t in (features, weight))
        logits = features.mean((2, 3)) @ weight.T + classifier.bias
        return care(logits, features, labels, m_in, has_box).total

    weight = classifier.weight.detach().clone().requires_grad_()
    found = torch.autograd.grad(total(features, weight), (features, weight))
    for tensor, gradient in zip((features, weight), found, strict=True):
        for index in list(np.ndindex(*tensor.shape))[::5]:
            step = torch.zeros_like(tensor)
            step[index] = 1e-4  # the map is computed in 32 bits
            moved = [
                total(*[t.detach() + (sign * step if t is tensor else 0) for t in (features, weight)]).item()
                for sign in (1, -1)
            ]
            assert gradient[index].item() == pytest.approx((moved[0] - moved[1]) / 2e-4, abs=5e-3)


def test_with_constant_sigma_the_map_moves_the_features_only():
    torch.manual_seed(0)
    model = build("small", 3).eval()
    labels, (m_in, has_box) = torch.tensor([1, 0]), box_masks([[(1, 1, 20, 20)], []], (32, 32))
    logits, features = model(torch.rand(2, 3, 32, 32))
    loss = Care(alpha=0.5)(logits, features, labels, m_in, has_box)
    (from_attention,) = torch.autograd.grad(loss.attention, features, retain_graph=True)
    assert from_attention[0].abs().max() > 0
    assert from_attention[1].abs().max() == 0  # no box, no attention loss


@pytest.mark.parametrize("shape", [((8, 8), (64, 64)), ((7, 7), (224, 224)), ((5, 3), (17, 40)), ((14, 14), (9, 9))])
def test_a_reduced_mask_gives_the_loss_of_the_full_resolution(shape):
    small, large = shape
    torch.manual_seed(0)
    maps, mask = torch.rand(3, *small), (torch.rand(3, *large) < 0.3).float()
    full = attention.outer_loss(resize(maps, large), mask)
    reduced = attention.reduce_mask(mask, small)
    torch.testing.assert_close(attention.outer_loss(maps, reduced), full, atol=1e-6, rtol=1e-5)
    torch.testing.assert_close(reduced.sum((1, 2)), mask.sum((1, 2)))


def test_inner_loss_stops_rewarding_at_tau():
    maps = torch.full((1, 4, 4), 0.8, requires_grad=True)
    box = torch.ones(1, 4, 4)
    for tau, pulled in ((0.7, False), (0.9, True)):
        loss = attention.inner_loss(maps, box, tau)
        assert loss.item() == pytest.approx(-min(0.8, tau))
        (gradient,) = torch.autograd.grad(loss.sum(), maps)
        assert bool(gradient.abs().max() > 0) == pulled


def test_a_box_that_fills_the_image_has_no_outer_loss_and_no_nan():
    torch.manual_seed(0)
    model = build("small", 3).eval()
    m_in, has_box = box_masks([[(0, 0, 32, 32)], [(0, 0, 8, 8)]], (32, 32))
    logits, features = model(torch.rand(2, 3, 32, 32))
    care = Care()
    _, outside = care.parts(class_activation_map(logits, features, torch.tensor([0, 1])), m_in)
    assert outside[0] == 0 and outside[1] > 0
    care(logits, features, torch.tensor([0, 1]), m_in, has_box).total.backward()
    assert all(p.grad.isfinite().all() for p in model.parameters())


def test_constant_maps_give_a_finite_step():
    features = torch.full((2, 3, 4, 4), 0.5, requires_grad=True)
    m_in, has_box = box_masks([[(0, 0, 4, 4)], [(2, 2, 8, 8)]], (8, 8))
    logits = features.mean((2, 3))
    loss = Care()(logits, features, torch.tensor([0, 1]), m_in, has_box)
    loss.total.backward()
    assert loss.attention == 0 and features.grad.isfinite().all()


def test_without_boxed_images_the_attention_loss_is_zero():
    logits = torch.randn(2, 3, requires_grad=True)
    labels, nothing = torch.tensor([0, 1]), torch.zeros(2, 8, 8, dtype=torch.uint8)
    loss = Care(alpha=0.3)(logits, torch.rand(2, 4, 2, 2), labels, nothing, torch.tensor([False, False]))
    assert loss.attention == 0 and loss.boxed == 0
    torch.testing.assert_close(loss.total, 0.7 * functional.cross_entropy(logits, labels))


def test_averages_differ_by_the_share_of_boxed_images():
    torch.manual_seed(0)
    model = build("small", 3).eval()
    m_in, has_box = box_masks([[(1, 1, 20, 20)], [], [], [(3, 3, 9, 9)]], (32, 32))
    logits, features = model(torch.rand(4, 3, 32, 32))
    labels = torch.tensor([0, 1, 2, 0])
    found = {
        a: Care(average=a)(logits, features, labels, m_in, has_box).attention.item() for a in ("boxed", "batch", "sum")
    }
    assert found["sum"] == pytest.approx(2 * found["boxed"], rel=1e-5)
    assert found["batch"] == pytest.approx(found["boxed"] / 2, rel=1e-5)


@pytest.mark.parametrize(
    "options", [{"resolution": "feature"}, {"outer": "distance"}, {"method": "grad_cam_relu"}, {"gradient_of": "loss"}]
)
def test_each_alternative_changes_the_loss(options):
    torch.manual_seed(0)
    model = build("small", 3).eval()
    m_in, has_box = box_masks([[(1, 1, 14, 20)], [(3, 3, 9, 9)]], (32, 32))
    logits, features = model(torch.rand(2, 3, 32, 32))
    labels = torch.tensor([0, 2])
    default = Care(tau=1.0)(logits, features, labels, m_in, has_box).attention
    other = Care(tau=1.0, **options)(logits, features, labels, m_in, has_box).attention
    assert other.isfinite() and abs(other - default) > 1e-6


def test_the_outer_mask_by_distance_weighs_far_pixels_more():
    m_in, _ = box_masks([[(0, 0, 4, 8)]], (8, 8))
    near, far = torch.zeros(1, 8, 8), torch.zeros(1, 8, 8)
    near[..., 4], far[..., 7] = 1, 1
    weights = outer_mask(m_in, "distance")
    assert attention.outer_loss(far, weights) > attention.outer_loss(near, weights)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"alpha": -0.1}, "alpha"),
        ({"alpha": 1.0}, "alpha"),
        ({"tau": 0.0}, "tau"),
        ({"tau": 1.1}, "tau"),
        ({"lam": -1.0}, "lam"),
        ({"lam": float("nan")}, "lam"),
        ({"average": "median"}, "average"),
        ({"outer": "soft"}, "outer"),
    ],
)
def test_a_value_out_of_range_is_refused(options, words):
    with pytest.raises(ValueError, match=rf"^{words} = .*: choose"):
        Care(**options)
