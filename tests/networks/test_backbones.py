import functools
import hashlib
import http.server
import threading
import types

import pytest
import torch
from torch import nn

from carekit import compare, finetune
from carekit.data.batches import BoxedImages
from carekit.experiment import Arm, load_model
from carekit.experiment.profiles import Profile, profile
from carekit.networks import Backbone, Parts, PooledLinear, backbone, build, efficientnet_lite
from carekit.objectives import Care
from carekit.training import Schedule


@pytest.mark.parametrize(
    ("name", "size", "features", "linear"),
    [
        ("small", 64, (64, 8, 8), True),
        ("resnet18", 64, (512, 2, 2), True),
        ("resnet50", 64, (2048, 2, 2), True),
        ("vgg19", 64, (512, 4, 4), False),
        ("small_vit", 64, (96, 8, 8), True),
        ("efficientnet_lite0_vit", 64, (96, 4, 4), True),
        ("efficientnet_lite0_fine", 64, (128, 8, 8), True),
        ("resnet18@layer3", 64, (256, 4, 4), False),
    ],
)
def test_every_backbone_has_one_face(name, size, features, linear):
    model = build(name, 7).eval()
    with torch.no_grad():
        output = model(torch.rand(2, 3, size, size))
    assert output.logits.shape == (2, 7)
    assert output.features.shape == (2, *features)
    assert model.map_size(size) == features[1:]
    assert "vit" in name or output.features.min() >= 0  # after the last ReLU
    assert (model.linear_head is not None) == linear


def test_the_same_seed_gives_the_same_weights_and_leaves_the_generator_alone():
    torch.manual_seed(3)
    before = torch.get_rng_state()
    one, same, other = (build("small", 7, seed=s).state_dict() for s in (5, 5, 6))
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert not torch.equal(one["head.classifier.weight"], other["head.classifier.weight"])


def test_unknown_backbones_and_weights_that_do_not_exist_are_refused():
    with pytest.raises(ValueError, match="did you mean .*'resnet50'.*choose one of small, .*resnet18"):
        build("resnet51", 7)
    with pytest.raises(ValueError, match="did you mean 'densenet121'"):
        build("densnet121", 7)
    for name in ("small", "small_vit"):
        with pytest.raises(ValueError, match="no ImageNet weights"):
            build(name, 7, imagenet=True)


@pytest.fixture
def served(tmp_path, monkeypatch):
    """ResNet18 weights of our own, with the checksum in the name as torch's hub has it, on a local server."""
    from carekit.networks.vision import models as zoo

    torch.manual_seed(0)
    state = zoo.resnet18(weights=None).state_dict()
    plain = tmp_path / "plain.pth"
    torch.save(state, plain)
    name = f"resnet18-{hashlib.sha256(plain.read_bytes()).hexdigest()[:8]}.pth"
    plain.rename(tmp_path / name)
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(tmp_path))
    monkeypatch.setattr(http.server.SimpleHTTPRequestHandler, "log_message", lambda *_: None)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "hub"))
    url = f"http://127.0.0.1:{server.server_port}/{name}"
    fetch = functools.partial(torch.hub.load_state_dict_from_url, url)
    weights = types.SimpleNamespace(DEFAULT=types.SimpleNamespace(url=url, get_state_dict=fetch))
    monkeypatch.setattr(zoo, "get_model_weights", {"resnet18": weights}.get)
    yield state, server
    server.shutdown()
    server.server_close()


def test_imagenet_weights_are_fetched_checked_and_loaded(served, capfd):
    state, _ = served
    model = build("resnet18", 3, imagenet=True)
    torch.testing.assert_close(model.trunk[0].weight, state["conv1.weight"])


@pytest.fixture
def cached(tmp_path, monkeypatch):
    """Where torch's hub keeps the weights of ResNet18, whose checksum it no longer asks for once they are there."""
    from carekit.networks.vision import models as zoo

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    file = tmp_path / "hub" / "checkpoints" / zoo.ResNet18_Weights.DEFAULT.url.rpartition("/")[2]
    file.parent.mkdir(parents=True)
    return file


def test_damaged_and_foreign_weights_are_told_apart(cached):
    cached.write_bytes(b"PK\x03\x04 and no more")
    with pytest.raises(RuntimeError, match="of resnet18 are damaged .*: delete the file named as in .*resnet18"):
        build("resnet18", 3, imagenet=True)
    torch.save({"layer.weight": torch.zeros(3)}, cached)
    with pytest.raises(ValueError, match="holds the weights of another network, not of resnet18: delete the file"):
        build("resnet18", 3, imagenet=True)


def test_without_a_network_one_sentence_says_what_to_do(served):
    _, server = served
    server.shutdown()
    server.server_close()
    with pytest.raises(RuntimeError, match="ImageNet weights of resnet18 could not be fetched.*imagenet=False"):
        build("resnet18", 3, imagenet=True)


def test_normalisation_is_inside_the_model():
    model = build("small", 2).eval()
    grey = torch.tensor(backbone.IMAGENET_MEAN).view(1, 3, 1, 1).expand(1, 3, 16, 16)
    with torch.no_grad():
        torch.testing.assert_close(model(grey).features, model.trunk(torch.zeros(1, 3, 16, 16)))


@pytest.mark.parametrize(
    ("trunk", "head", "words"),
    [
        (nn.Flatten(), nn.Linear(3 * 256, 2), "the trunk of made puts out 4 x 768, which is no feature map"),
        (nn.Conv2d(3, 8, 4), PooledLinear(8, 5), "the head of made puts out 4 x 5 for 4 images of 2 classes: build it"),
    ],
)
def test_a_network_without_a_map_or_with_another_class_count_is_refused(trunk, head, words):
    with pytest.raises(ValueError, match=words):
        Backbone("made", 2, Parts(trunk, head))(torch.rand(4, 3, 16, 16))


def test_images_that_leave_one_cell_or_that_it_does_not_take_are_refused_before_any_training(tiny, monkeypatch):
    monkeypatch.setattr("carekit.experiment.comparing.cpu_count", lambda: 1)
    sentence = "resnet18 leaves a map of one cell of images of 16 px, which shows no place: take larger images"
    with pytest.raises(ValueError, match=sentence):
        finetune(build("resnet18", 2), BoxedImages(tiny), Care(), Schedule(epochs=1))
    history = finetune(build("resnet18", 2), BoxedImages(tiny), Care(alpha=0), Schedule(epochs=1))
    assert len(history) == 1  # without maps there is nothing to say
    profile = Profile("test", 16, "resnet18", False, 24, Schedule(epochs=1), Schedule(epochs=1), sweep_seeds=1)
    with pytest.raises(ValueError, match=sentence):
        compare(tiny, profile, {}, [0], progress=False)
    with pytest.raises(ValueError, match="made takes no images of 16 px .*: choose another size"):
        Backbone("made", 2, Parts(nn.Conv2d(3, 8, 20), PooledLinear(8, 2))).map_size(16)


def test_an_arm_chooses_its_map_and_a_profile_the_layer(tiny, monkeypatch):
    monkeypatch.setattr("carekit.experiment.comparing.cpu_count", lambda: 1)
    one = Schedule(epochs=1, batch_size=8)
    chosen = Profile("test", 16, "small@4", False, 24, one, one, sweep_seeds=1)
    arms = {method: Arm(Care(method=method)) for method in ("grad_cam", "hires_cam")}
    runs = compare(tiny, chosen, arms, [0], progress=False)
    pretrained, grad, hires = (load_model(run, tiny, chosen) for run in runs)
    assert grad.map_size(16) == (4, 4) and grad.name == "small@4"
    weights = [model.trunk[0].weight for model in (pretrained, grad, hires)]
    assert not torch.equal(weights[0], weights[1]) and not torch.equal(weights[1], weights[2])


def test_a_profile_takes_any_backbone_and_imagenet_weights_where_they_are_installed():
    small = profile("laptop", backbone="small")
    assert (small.backbone, small.imagenet, small.size) == ("small", False, 64)
    hybrid = profile("laptop", backbone="efficientnet_lite0_vit")
    assert hybrid.imagenet == efficientnet_lite.installed()
    assert profile("fast", backbone="densenet121", imagenet=True).imagenet
    assert not profile("laptop", backbone="densenet121").imagenet and profile("paper", backbone="densenet121").imagenet
    assert not profile("paper", backbone="small_vit").imagenet
    assert profile("laptop") == profile("laptop", backbone="")
