import numpy as np
import pytest
import torch

from carekit import build
from carekit.material.autobox.from_cam import FromCam, cam_maps, load_classifier
from carekit.networks import checkpoints


@pytest.fixture
def path(tmp_path):
    checkpoints.save(tmp_path / "c.safetensors", build("small", 2, seed=1))
    return str(tmp_path / "c.safetensors")


def test_the_map_is_the_class_activation_map_at_the_images_size():
    model = build("small", 3, seed=0).eval()
    images, classes = torch.rand(2, 3, 32, 32), torch.tensor([2, 0])
    with torch.no_grad():
        features = model(images).features
    for i, c in enumerate(classes):
        raw = sum(model.head.classifier.weight[c, k] * features[i, k] for k in range(64)).detach()
        small = (raw - raw.min()) / (raw.max() - raw.min())
        large = torch.nn.functional.interpolate(small[None, None], (32, 32), mode="bilinear")[0, 0]
        np.testing.assert_allclose(cam_maps(model, images, classes)[i], large, atol=1e-5)


def test_each_image_gets_the_box_of_its_own_class(path, tiny):
    images = tiny.read([0, 3])
    found = FromCam(path).find(images, tiny.labels[[0, 3]])
    maps = cam_maps(load_classifier(path), tiny.tensor([0, 3]), torch.tensor([0, 1]))
    for boxes, map in zip(found, maps, strict=True):
        rows, columns = np.nonzero(map > 0.5)
        assert len(boxes) == 1
        x0, y0, x1, y1 = boxes[0]
        assert columns.min() <= x0 < x1 <= columns.max() + 1 and rows.min() <= y0 < y1 <= rows.max() + 1


def test_the_weights_decide_the_boxes(path):
    assert len(FromCam(path).parameters()["checkpoint"]) == 64


def test_a_classifier_of_fewer_classes_is_refused(path, tiny):
    with pytest.raises(ValueError, match="knows 2 classes, and an image has the label 4"):
        FromCam(path).find(tiny.read([0]), np.array([4]))


def test_a_checkpoint_that_is_not_there_is_told(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no checkpoint"):
        FromCam(str(tmp_path / "nix")).parameters()
