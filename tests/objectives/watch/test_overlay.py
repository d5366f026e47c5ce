import numpy as np
import pytest
import torch

from carekit.objectives.watch import overlay


@pytest.mark.parametrize("kind", ["tensor", "array", "bytes", "grey", "normalised"])
def test_it_is_bright_where_the_map_is_high(kind):
    image = torch.rand(3, 24, 32)
    given = {
        "tensor": image,
        "array": image.permute(1, 2, 0).numpy(),
        "bytes": (image.permute(1, 2, 0) * 255).byte().numpy(),
        "grey": image[0],
        "normalised": (image - 0.5) / 0.2,
    }[kind]
    map_ = torch.zeros(3, 4)
    map_[2, 3] = 1
    picture = overlay(given, map_, strength=1.0)
    assert picture.shape == (24, 32, 3) and picture.dtype == np.uint8
    assert tuple(picture[-1, -1]) == (252, 255, 164) and tuple(picture[0, 0]) == (0, 0, 4)
    grey = overlay(given, map_, strength=0.0)
    assert (grey[..., 0] == grey[..., 1]).all()


def test_brightness_rises_with_the_map():
    picture = overlay(torch.zeros(3, 8, 64), torch.linspace(0, 1, 64)[None].repeat(8, 1), strength=1.0)
    light = picture[0] @ np.array([0.2126, 0.7152, 0.0722])
    assert (np.diff(light) >= 0).all()


def test_boxes_are_frames():
    picture = overlay(torch.zeros(1, 20, 20), torch.zeros(2, 2), [(2, 3, 10, 9), (15, 15, 40, 40)][:1])
    white = (picture == 255).all(-1)
    assert white[3, 2:10].all() and white[8, 2:10].all() and white[3:9, 2].all() and white[3:9, 9].all()
    assert not white[4:8, 3:9].any() and white.sum() == 2 * 8 + 2 * 4


def test_other_shapes_are_refused():
    with pytest.raises(ValueError, match=r"the image has the shape \(2, 3, 8, 8\)"):
        overlay(torch.zeros(2, 3, 8, 8), torch.zeros(2, 2))
    with pytest.raises(ValueError, match="give one map"):
        overlay(torch.zeros(3, 8, 8), torch.zeros(1, 2, 2))
