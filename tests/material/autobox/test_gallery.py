import numpy as np
from PIL import Image

from carekit.material.autobox.gallery import draw_gallery, spread


def test_places_reach_from_the_best_to_the_worst():
    assert spread([0.2, 0.9, 0.5, 0.7, 0.1], 3) == [1, 2, 4]
    assert spread([0.2, 0.9], 30) == [1, 0]


def test_true_and_found_boxes_are_drawn_in_their_colours(tmp_path, tiny):
    draw_gallery(tmp_path / "g.png", tiny, {"some": {3: np.array([[1, 1, 15, 15.0]])}}, [3], ["one"])
    picture = np.asarray(Image.open(tmp_path / "g.png").convert("RGB"))
    assert (np.abs(picture.astype(int) - [255, 127, 14]).sum(-1) < 10).sum() > 100
