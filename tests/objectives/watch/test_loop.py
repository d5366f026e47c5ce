"""What people do around their loop: each ends in the right value, or in one sentence that says why not."""

import copy
import gc
import pickle
import warnings

import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from carekit import Care


@pytest.fixture
def right(net, images, labels, boxes, loop):
    """L_a of ResNet18 in evaluation mode, by the independent loop."""
    return loop(net().eval(), "layer4", images, labels).attention(boxes, (64, 64))


def hooks_of(model):
    tables = ("_forward_hooks", "_forward_pre_hooks", "_forward_hooks_always_called", "_forward_pre_hooks_with_kwargs")
    return sum(len(getattr(module, table)) for module in model.modules() for table in tables)


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("parts", [2, 3])
def test_a_batch_that_ran_in_parts_is_joined(net, images, labels, boxes, right, parts, known):
    model = net().eval()
    care = Care().watch(model, "layer4" if known else None, quiet=True)
    logits = torch.cat([model(part) for part in images.chunk(parts)])
    assert care(logits, labels, boxes).attention.item() == pytest.approx(right, abs=1e-5)


def test_a_model_that_runs_its_batch_in_parts(net, images, labels, boxes, right):
    class Parts(nn.Module):
        def __init__(self, inner):
            super().__init__()
            self.inner = inner

        def forward(self, x):
            return torch.cat([self.inner(part) for part in x.chunk(3)])

    model = Parts(net().eval())
    care = Care().watch(model, quiet=True)
    assert care(model(images), labels, boxes).attention.item() == pytest.approx(right, abs=1e-5)
    assert care.layer == "inner.layer4"


def test_two_passes_each_with_its_own_maps(net, images, labels, boxes, right):
    model = net().eval()
    care = Care().watch(model, "layer4")
    first, second = model(images), model(images.flip(3))
    assert care(first, labels, boxes).attention.item() == pytest.approx(right, abs=1e-5)
    assert abs(care(second, labels, boxes).attention.item() - right) > 1e-4


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_validation_makes_maps_and_leaves_no_trace(net, images, labels, boxes, right, mode, known):
    model = net().eval()
    plain = model(images).detach()
    care = Care().watch(model, "layer4" if known else None, quiet=True)
    with mode():
        for _ in range(3):
            logits = model(images)
            assert torch.equal(logits, plain) and not logits.requires_grad
            loss = care(logits, labels, boxes)
            assert loss.attention.item() == pytest.approx(right, abs=1e-5)
            assert not loss.total.requires_grad and not torch.is_grad_enabled()
            assert torch.is_inference_mode_enabled() == (mode is torch.inference_mode)
        parts = torch.cat([model(part) for part in images.chunk(2)])
        assert care(parts, labels, boxes).attention.item() == pytest.approx(right, abs=1e-5)
    assert torch.is_grad_enabled()
    loss = care(model(images), labels, boxes)  # and training goes on
    loss.total.backward()
    assert model.conv1.weight.grad.isfinite().all()


def test_an_error_in_a_forward_pass_leaves_the_gradient_mode_alone(net, images):
    model = net().eval()
    care = Care().watch(model, "layer4")
    with torch.no_grad():
        model.fc = nn.Linear(3, 5)
        with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
            model(images)
        assert not torch.is_grad_enabled()
    assert torch.is_grad_enabled()
    care.stop()


def test_gradients_on_around_the_model_only(net, images, labels, boxes, right):
    model = net().eval()
    care = Care().watch(model, quiet=True)
    logits = model(images)
    with torch.no_grad():
        loss = care(logits, labels, boxes)
    assert loss.attention.item() == pytest.approx(right, abs=1e-5) and not loss.total.requires_grad


def test_a_frozen_trunk_has_maps_and_a_word_that_nothing_is_trained(net, images, labels, boxes, loop):
    model = net().requires_grad_(False)
    model.fc = nn.Linear(512, 5)
    model.eval()
    trainable = copy.deepcopy(model).requires_grad_()
    expected = loop(trainable, "layer4", images, labels).attention(boxes, (64, 64))
    model.train()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eval()
    care = Care().watch(model, quiet=True)
    with pytest.warns(UserWarning, match="'layer4' and all before it are frozen.*second_order=True"):
        loss = care(model(images), labels, boxes)
    assert loss.attention.item() == pytest.approx(expected, abs=1e-5)
    with warnings.catch_warnings():  # once is enough
        warnings.simplefilter("error")
        care(model(images), labels, boxes).total.backward()
    second = Care(second_order=True).watch(model, quiet=True)
    gradient = torch.autograd.grad(second(model(images), labels, boxes).attention, model.fc.weight)[0]
    assert gradient.abs().max() > 0


def test_a_model_without_any_trainable_weight_gives_plain_logits(net, images, labels, boxes, right):
    model = net().requires_grad_(False).eval()
    care = Care().watch(model, quiet=True)
    logits = model(images)
    logits.numpy()  # would refuse a tensor with a graph
    assert care(logits, labels, boxes).attention.item() == pytest.approx(right, abs=1e-5)


def test_maps_are_made_in_32_bits_inside_of_autocast(net, images, labels, boxes):
    model = net().eval()
    care = Care().watch(model, quiet=True)
    with torch.autocast("cpu", torch.bfloat16):
        logits = model(images)
        inside = care(logits, labels, boxes)
    outside = care(logits, labels, boxes)
    assert logits.dtype == torch.bfloat16
    assert inside.total.dtype == torch.float32
    assert inside.total.item() == outside.total.item()
    assert care.last.maps.dtype == torch.float32


def test_alpha_zero_leaves_training_bit_for_bit_alone(small, images, labels, boxes):
    def trained(step):
        model = small().train()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
        loss_of = step(model)
        torch.manual_seed(3)
        for _ in range(4):
            loss = loss_of(model(images))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        return model.state_dict()

    def plain(_model):
        return lambda logits: functional.cross_entropy(logits, labels)

    def at_zero(model):
        care = Care(alpha=0).watch(model)
        return lambda logits: care(logits, labels, boxes).total

    def only_watched(model):
        care = Care().watch(model, quiet=True)

        def loss_of(logits):
            care.maps(logits, labels)
            return functional.cross_entropy(logits, labels)

        return loss_of

    expected = trained(plain)
    for way in (at_zero, only_watched):
        found = trained(way)
        assert all(torch.equal(found[name], value) for name, value in expected.items())


def test_accumulated_steps_give_the_gradient_of_their_sum(small, images, labels, boxes):
    model = small().eval()
    care = Care().watch(model, quiet=True)
    halves = [(slice(0, 3)), slice(3, 6)]
    for half in halves:
        care(model(images[half]), labels[half], boxes[half]).total.backward()
    accumulated = model.trunk[0].weight.grad.clone()
    model.zero_grad()
    sum(care(model(images[half]), labels[half], boxes[half]).total for half in halves).backward()
    torch.testing.assert_close(model.trunk[0].weight.grad, accumulated)


def test_a_checkpoint_without_reentry_changes_nothing(net, images, labels, boxes, right):
    model = net().eval()
    care = Care().watch(model, "layer4")
    loss = care(checkpoint(model, images, use_reentrant=False), labels, boxes)
    assert loss.attention.item() == pytest.approx(right, abs=1e-5)
    loss.total.backward()
    inside = net().eval()
    run = inside.layer4.forward
    inside.layer4.forward = lambda x: checkpoint(run, x, use_reentrant=False)
    care = Care().watch(inside, quiet=True)
    loss = care(inside(images), labels, boxes)
    loss.total.backward()
    assert loss.attention.item() == pytest.approx(right, abs=1e-5)
    torch.testing.assert_close(inside.conv1.weight.grad, model.conv1.weight.grad)


def test_a_copied_model_is_not_watched_and_a_copied_watcher_watches_its_own(net, images, labels, boxes, right):
    model = net().eval()
    care = Care().watch(model, quiet=True)
    care(model(images), labels, boxes)
    average = copy.deepcopy(model)
    average(images)
    assert hooks_of(average) == 0
    again = copy.deepcopy(care)
    assert again.model is not model
    for each in (care, again, pickle.loads(pickle.dumps(care))):
        assert each(each.model(images), labels, boxes).attention.item() == pytest.approx(right, abs=1e-5)


def test_a_watcher_inside_of_a_module_is_copied_with_it(net, images, labels, boxes, right):
    class Task(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = net().eval()
            self.care = Care().watch(self.net, quiet=True)

    task = copy.deepcopy(Task())
    assert task.care.model is task.net
    assert task.care(task.net(images), labels, boxes).attention.item() == pytest.approx(right, abs=1e-5)


def test_nothing_is_left_behind(small, images, labels, boxes):
    model = small()
    before = copy.deepcopy(model.state_dict())
    with Care().watch(model, quiet=True) as care:
        care(model.eval()(images), labels, boxes)
        assert hooks_of(model) > 0
    assert hooks_of(model) == 0
    care = Care().watch(model, quiet=True)
    care(model(images), labels, boxes)
    del care  # forgotten without a word
    gc.collect()
    model(images)
    assert hooks_of(model) == 0
    assert all(parameter.grad is None for parameter in model.parameters())
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_random_numbers_are_not_touched(small, images, labels, boxes):
    model = small()
    care = Care().watch(model, quiet=True)
    state = torch.get_rng_state()
    care(model(images), labels, boxes).total.backward()
    assert torch.equal(torch.get_rng_state(), state)


def test_only_the_last_pass_is_kept(small, images, labels, boxes):
    model = small()
    care = Care().watch(model, quiet=True)
    for _ in range(20):
        care(model(images), labels, boxes).total.backward()
        assert len(care._recorder.passes) == 1
    with torch.no_grad():
        for _ in range(20):
            logits = model(images)
            assert len(care._recorder.passes) <= 2  # the one before is still the value of `logits`
    del logits


@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf")  # dynamo's own look at it
@pytest.mark.parametrize("order", ["watch first", "compile first", "compile in place"])
def test_a_compiled_model(small, images, labels, boxes, order):
    model = small().eval()
    expected = Care().watch(model, "trunk")(model(images), labels, boxes).attention.item()
    torch.compiler.reset()
    compiled = model
    if order == "compile first":
        compiled = torch.compile(model, backend="aot_eager")
    care = Care().watch(compiled, "trunk")
    if order == "watch first":
        compiled = torch.compile(model, backend="aot_eager")
    if order == "compile in place":
        model.compile(backend="aot_eager")
    for _ in range(2):
        loss = care(compiled(images), labels, boxes)
        loss.total.backward()
        assert loss.attention.item() == pytest.approx(expected, abs=1e-5)
    with torch.no_grad():
        assert care(compiled(images), labels, boxes).attention.item() == pytest.approx(expected, abs=1e-5)
    torch.compiler.reset()


@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf")
def test_a_model_that_was_compiled_and_called_before(small, images, labels, boxes):
    torch.compiler.reset()
    model = torch.compile(small().eval(), backend="aot_eager")
    model(images)
    care = Care().watch(model, "trunk")
    with pytest.raises(ValueError, match=r"before the model's first call, or torch.compiler.reset\(\)"):
        care(model(images), labels, boxes)
    torch.compiler.reset()
