import functools
import hashlib
import http.server
import threading
import types

import pytest
import torch

from carekit.backbones import backbone, build


@pytest.mark.parametrize(
    ("name", "size", "features", "linear"),
    [
        ("small", 64, (64, 8, 8), True),
        ("resnet18", 64, (512, 2, 2), True),
        ("resnet50", 64, (2048, 2, 2), True),
        ("vgg19", 64, (512, 4, 4), False),
    ],
)
def test_every_backbone_has_one_face(name, size, features, linear):
    model = build(name, 7).eval()
    with torch.no_grad():
        output = model(torch.rand(2, 3, size, size))
    assert output.logits.shape == (2, 7)
    assert output.features.shape == (2, *features)
    assert output.features.min() >= 0  # after the last ReLU
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
    with pytest.raises(ValueError, match="no ImageNet weights"):
        build("small", 7, imagenet=True)


@pytest.fixture
def served(tmp_path, monkeypatch):
    """ResNet18 weights of our own, with the checksum in the name as torch's hub has it, on a local server."""
    from carekit.vision import models as zoo

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
    monkeypatch.setattr(zoo, "ResNet18_Weights", weights)
    yield state, server
    server.shutdown()
    server.server_close()


def test_imagenet_weights_are_fetched_checked_and_loaded(served, capfd):
    state, _ = served
    model = build("resnet18", 3, imagenet=True)
    torch.testing.assert_close(model.trunk[0].weight, state["conv1.weight"])


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
