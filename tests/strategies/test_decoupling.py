import pytest
import torch
from torch import nn

from carekit import Care, class_activation_map, finetune, pretrain
from carekit.data.batches import BoxedImages, boxed_rows
from carekit.networks import Backbone, Parts, build
from carekit.strategies import ClassifierRetraining, Decoupling, LearnableScaling, Strategy, TauNormalisation
from carekit.strategies.decoupling import last_block
from carekit.training import Schedule

SCHEDULE = Schedule(epochs=2, batch_size=8, lr=3e-3)
FROZEN = (ClassifierRetraining(), LearnableScaling())


def trained(tiny, strategy, objective=None, model=None):
    """A pretrained model, and what is left of it after the second stage: state before, model, history."""
    model = model or build("small", 2, seed=1)
    pretrain(model, BoxedImages(tiny), SCHEDULE)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    history = finetune(model, BoxedImages(tiny), objective or Care(alpha=0), SCHEDULE, strategy=strategy)
    return before, model, history


def changed(before, model):
    return {name for name, value in model.state_dict().items() if not torch.equal(value, before[name])}


def test_decoupling_trains_the_last_block_and_the_head_alone_statistics_included(tiny):
    before, model, _ = trained(tiny, Decoupling(), Care())
    names = changed(before, model)
    assert {name.rsplit(".", 1)[0] for name in names if name.startswith("head")} == {"head.classifier"}
    assert {name for name in names if not name.startswith(("trunk.5.", "head."))} == set()
    assert any("running_mean" in name for name in names)


def test_retraining_starts_a_fresh_classifier_and_leaves_all_else(tiny):
    before, model, _ = trained(tiny, ClassifierRetraining())
    assert changed(before, model) == {"head.classifier.weight", "head.classifier.bias"}
    layer = nn.Linear(64, 2)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        layer.reset_parameters()
    fresh = build("small", 2, seed=1)
    ClassifierRetraining(seed=0).prepare(fresh)
    assert torch.equal(fresh.linear_head.weight, layer.weight)


def test_normalised_weights_are_w_over_its_norm_to_the_tau(tiny):
    before, plain, _ = trained(tiny, Strategy(), Care())
    for tau in (0.0, 0.5, 1.0):
        _, model, _ = trained(tiny, TauNormalisation(tau), Care())
        for w, expected in zip(model.linear_head.weight, plain.linear_head.weight, strict=True):
            torch.testing.assert_close(w, expected / sum(x**2 for x in expected.tolist()) ** (tau / 2))
        assert (model.linear_head.bias == 0).all()
        assert torch.equal(model.trunk[5].body[0].weight, plain.trunk[5].body[0].weight)


def test_scaling_learns_one_factor_a_class_and_leaves_a_plain_layer(tiny):
    before, model, _ = trained(tiny, LearnableScaling())
    assert changed(before, model) == {"head.classifier.weight"}
    assert set(model.state_dict()) == set(before)
    factors = model.linear_head.weight / before["head.classifier.weight"]
    torch.testing.assert_close(factors, factors.mean(1, keepdim=True).expand(-1, 64), atol=1e-4, rtol=1e-4)
    assert (factors.mean(1) - 1).abs().min() > 1e-4


def test_scaling_goes_on_after_a_stop(tiny, tmp_path):
    class Stop(Exception):
        pass

    def stop(_model, seen=[]):  # noqa: B006
        seen.append(1)
        if len(seen) == 2:
            raise Stop
        return {}

    file, whole, resumed = tmp_path / "run.safetensors", build("small", 2, seed=1), build("small", 2, seed=1)
    options = {"strategy": LearnableScaling(), "checkpoint": file}
    finetune(whole, BoxedImages(tiny), Care(alpha=0), SCHEDULE, strategy=LearnableScaling())
    with pytest.raises(Stop):
        finetune(build("small", 2, seed=1), BoxedImages(tiny), Care(alpha=0), SCHEDULE, validate=stop, **options)
    for _ in range(2):  # the second time all epochs are in the file
        resumed = build("small", 2, seed=1)
        finetune(resumed, BoxedImages(tiny), Care(alpha=0), SCHEDULE, **options)
        assert torch.equal(resumed.linear_head.weight, whole.linear_head.weight)


@pytest.mark.parametrize("strategy", [Decoupling(), *FROZEN])
def test_what_was_frozen_is_free_again_and_what_the_user_froze_is_not(strategy, tiny):
    model = build("small", 2, seed=1)
    model.trunk[0].requires_grad_(False)
    finetune(model, BoxedImages(tiny), Care(alpha=0), SCHEDULE, strategy=strategy)
    trained = {name for name, weight in model.named_parameters() if weight.requires_grad}
    assert trained == {name for name, _ in model.named_parameters()} - {"trunk.0.weight"}


@pytest.mark.parametrize("strategy", FROZEN)
def test_attention_that_can_move_nothing_is_refused(strategy, tiny):
    with pytest.raises(ValueError, match="the trunk is frozen.*choose second_order=True"):
        trained(tiny, strategy, Care())


def test_in_second_order_it_moves_a_retrained_classifier_but_no_factor_changes_a_map(tiny):
    rows = boxed_rows(tiny)
    batch = BoxedImages(tiny).__getitems__(rows)
    losses, ones = {}, torch.ones(len(rows), dtype=torch.long)
    for strategy in FROZEN:
        for alpha in (0.0, 0.9):
            care = Care(alpha=alpha, second_order=True, tau=1.0)
            model = trained(tiny, strategy, care)[1]
            logits, features = model(batch.images.float() / 255)
            inside, outside = Care(tau=1.0).parts(class_activation_map(logits, features, ones), batch.m_in)
            losses[type(strategy), alpha] = (inside + outside).mean().item()
    assert losses[ClassifierRetraining, 0.9] < losses[ClassifierRetraining, 0.0] - 1e-3
    assert losses[LearnableScaling, 0.9] == pytest.approx(losses[LearnableScaling, 0.0], abs=1e-5)


@pytest.mark.parametrize("strategy", FROZEN)
def test_also_where_the_head_is_not_linear(strategy, tiny):
    torch.manual_seed(0)
    trunk = nn.Sequential(nn.Conv2d(3, 6, 4, stride=4), nn.ReLU())
    head = nn.Sequential(nn.AdaptiveMaxPool2d(2), nn.Flatten(), nn.Linear(24, 8), nn.Tanh(), nn.Linear(8, 2))
    before, model, _ = trained(tiny, strategy, Care(second_order=True), Backbone("bent", 2, Parts(trunk, head)))
    assert changed(before, model) <= {"head.4.weight", "head.4.bias"}


def test_the_last_block_of_each_kind_of_trunk():
    for name, layers in (("small", [5]), ("resnet18", [7]), ("efficientnet_lite0_early", [0, 1, 2])):
        trunk = build(name, 2).trunk
        assert last_block(trunk) == [trunk[layer] for layer in layers]
    like_vgg = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(4, 4, 3), nn.ReLU())
    assert last_block(like_vgg) == [like_vgg[3], like_vgg[4]]


@pytest.mark.parametrize("tau", [-0.1, 1.1])
def test_a_tau_out_of_range_is_refused(tau):
    with pytest.raises(ValueError, match="tau = .* is out of range"):
        TauNormalisation(tau)


def test_a_head_without_a_linear_layer_is_refused():
    head = nn.Sequential(nn.Conv2d(3, 2, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    model = Backbone("convolutional", 2, Parts(nn.Identity(), head))
    with pytest.raises(ValueError, match="the head of convolutional does not end in a linear layer"):
        ClassifierRetraining().prepare(model)
