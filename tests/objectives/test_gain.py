import math

import pytest
import torch
from torch import nn
from torch.nn import functional

from carekit import finetune
from carekit.data.batches import BoxedImages
from carekit.method.cam import class_activation_map, resize
from carekit.networks import Backbone, Parts, build
from carekit.objectives import OBJECTIVES, Gain, Step
from carekit.training import Schedule


def taken(model, n=2, size=16):
    torch.manual_seed(0)
    images, labels = torch.rand(n, 3, size, size), torch.arange(n) % 2
    nothing = torch.zeros(n, size, size, dtype=torch.uint8)
    logits, features = model(images)
    return Step(
        model, images, labels, nothing, torch.zeros(n, dtype=torch.bool), logits, features, functional.cross_entropy
    )


def test_it_is_the_probability_that_is_left_computed_pixel_by_pixel():
    model = build("small", 2, seed=1).eval()
    step = taken(model)
    loss = Gain(weight=0.5, omega=8.0, sigma=0.4).loss_of(step)
    maps = class_activation_map(step.logits, step.features, step.labels, method="grad_cam_relu")
    large, masked = resize(maps, (16, 16)).detach(), step.images.clone()
    for b in range(2):
        for i in range(16):
            for j in range(16):
                threshold = 1 / (1 + math.exp(-8.0 * (large[b, i, j].item() - 0.4)))
                masked[b, :, i, j] -= threshold * step.images[b, :, i, j]
    left = model(masked).logits.softmax(1)[[0, 1], step.labels].mean()
    torch.testing.assert_close(loss.parts["L_am"], left.detach(), atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(loss.total, loss.classification + 0.5 * left, atol=1e-5, rtol=1e-4)
    assert loss.boxed == 2


def test_its_gradient_reaches_the_maps_and_is_that_of_finite_differences():
    torch.manual_seed(0)
    trunk = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.Softplus())
    model = Backbone("smooth", 2, Parts(trunk, nn.Sequential(nn.Flatten(), nn.Linear(4 * 36, 2)))).double()
    images = torch.rand(1, 3, 6, 6, dtype=torch.float64)
    maps = torch.rand(1, 3, 3, dtype=torch.float64, requires_grad=True)
    from carekit.objectives.gain import probability_left

    def value(x):
        return probability_left(model, images, torch.tensor([1]), Gain().attended(x, images))

    assert torch.autograd.gradcheck(value, maps, eps=1e-4, atol=1e-3)  # the scores pass through 32 bits


def test_the_second_pass_leaves_modes_and_statistics_alone():
    model = build("small", 2, seed=1).train()
    model.trunk[1].eval()
    step = taken(model)
    modes = [module.training for module in model.modules()]
    before = [buffer.clone() for buffer in model.buffers()]
    Gain().loss_of(step).total.backward()
    assert [module.training for module in model.modules()] == modes
    assert all(torch.equal(a, b) for a, b in zip(before, model.buffers(), strict=True))


def test_it_trains_without_any_box_and_makes_the_rest_show_less_of_the_class(tiny):
    images, schedule = BoxedImages(tiny, {}), Schedule(epochs=6, batch_size=8, lr=3e-3)
    left = []
    for objective in (Gain(weight=3.0), Gain().control()):
        model = build("small", 2, seed=1)
        finetune(model, images, objective, schedule)
        batch = images.__getitems__(list(range(24)))
        logits, features = model(batch.images.float() / 255)
        step = Step(model, batch.images.float() / 255, *batch[1:4], logits, features, functional.cross_entropy)
        left.append(Gain().loss_of(step).parts["L_am"].item())
    assert left[0] < left[1] - 0.05


def test_those_that_need_the_images_say_so():
    needs = {name: objective().needs_images for name, objective in OBJECTIVES.items()}
    assert needs == {"care": False, "energy": False, "l1": False, "input_gradient": True, "gain": True}
    assert not any(objective().control().needs_images for objective in OBJECTIVES.values())
    assert not Gain().needs_boxes


@pytest.mark.parametrize("options", [{"weight": -1}, {"omega": 0}, {"sigma": 1.5}])
def test_values_out_of_range_are_refused(options):
    with pytest.raises(ValueError, match=f"{next(iter(options))} = .* is out of range"):
        Gain(**options)
