"""A batch with and without boxes, networks, and the loss of an independent loop over images, from Eqs. 1-7."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

from carekit.networks.vision import models


class Loop:
    """Independent of the kit: each image's score is differentiated by itself, maps and masks are numpy loops."""

    def __init__(self, model: nn.Module, layer: str, images, labels, *, seed: int = 5, size=None, skip: int = 0):
        kept = []

        def keep(_module, _inputs, output):
            kept.append(output if isinstance(output, torch.Tensor) else output[0])
            return output.clone() if isinstance(output, torch.Tensor) else None

        model = copy.deepcopy(model)
        handle = model.get_submodule(layer).register_forward_hook(keep)
        torch.manual_seed(seed)
        output = model(images)
        handle.remove()
        logits = getattr(output, "logits", output)
        features = self._as_maps(kept[-1], size, skip)
        self.logits = logits.detach()
        self.maps = []
        for i, label in enumerate(labels.tolist()):
            (gradient,) = torch.autograd.grad(logits[i, label], kept[-1], retain_graph=True)
            sigma = self._as_maps(gradient, size, skip)[i].detach().double().numpy()
            self.maps.append(self._map(features[i].detach().double().numpy(), sigma))

    @staticmethod
    def _as_maps(output, size, skip):
        if size is None:
            return output
        return output[:, skip:].reshape(len(output), *size, -1).movedim(-1, 1)

    @staticmethod
    def _map(features, gradient):
        cam = np.zeros(features.shape[1:])
        for k in range(len(features)):
            cam += gradient[k].mean() * features[k]
        cam = cam - cam.min()
        return cam / cam.max() if cam.max() > 0 else cam * 0

    def attention(self, boxes, size, tau: float = 0.7, lam: float = 1.0) -> float:
        """L_a over the images with boxes."""
        each = []
        for i, corners in enumerate(boxes):
            if len(corners):
                large = enlarged(self.maps[i], size)
                mask = covered(corners, size)
                each.append(-min(large[mask].mean(), tau) + lam * large[~mask].mean())
        return float(np.mean(each))


def covered(corners, size):
    """Pixels whose centre lies in a box, one by one."""
    mask = np.zeros(size, bool)
    for x0, y0, x1, y1 in corners:
        for i in range(size[0]):
            for j in range(size[1]):
                mask[i, j] |= x0 <= j + 0.5 < x1 and y0 <= i + 0.5 < y1
    return mask


def enlarged(cam, size):
    """Bilinear, without aligned corners."""
    u, v = cam.shape
    h, w = size
    y = np.clip((np.arange(h) + 0.5) * u / h - 0.5, 0, u - 1)
    x = np.clip((np.arange(w) + 0.5) * v / w - 0.5, 0, v - 1)
    y0, x0 = y.astype(int), x.astype(int)
    y1, x1 = np.minimum(y0 + 1, u - 1), np.minimum(x0 + 1, v - 1)
    fy, fx = (y - y0)[:, None], (x - x0)[None]
    top = cam[y0][:, x0] * (1 - fx) + cam[y0][:, x1] * fx
    low = cam[y1][:, x0] * (1 - fx) + cam[y1][:, x1] * fx
    return top * (1 - fy) + low * fy


@pytest.fixture(scope="session")
def loop():
    return Loop


@pytest.fixture
def images():
    torch.manual_seed(0)
    return torch.rand(6, 3, 64, 64)


@pytest.fixture
def labels():
    return torch.tensor([4, 0, 4, 1, 2, 0])


@pytest.fixture
def boxes():
    return [[(5, 8, 30, 33)], [(20, 10, 44, 30)], [], [(2, 30, 25, 60)], [(30, 30, 60, 50)], []]


@pytest.fixture
def net():
    def make(name: str = "resnet18", classes: int = 5, **options) -> nn.Module:
        torch.manual_seed(0)
        return getattr(models, name)(weights=None, num_classes=classes, **options)

    return make


@pytest.fixture
def small():
    """A network whose trunk and head take a millisecond."""

    class Small(nn.Module):
        def __init__(self, classes: int = 5):
            super().__init__()
            self.trunk = nn.Sequential(nn.Conv2d(3, 8, 3, 4, 1), nn.BatchNorm2d(8), nn.ReLU(inplace=True))
            self.fc = nn.Linear(8, classes)

        def forward(self, x):
            return self.fc(self.trunk(x).mean((2, 3)))

    def make(classes: int = 5) -> nn.Module:
        torch.manual_seed(0)
        return Small(classes)

    return make
