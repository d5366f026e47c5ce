import numpy as np
import pytest

from carekit.course.explorers import scene


def test_what_is_sent_of_images(tiny):
    sent = scene.sent(tiny, np.array([3, 0]), "test image")
    assert sent["size"] == 16 and sent["images"]["shape"] == [2, 16, 16, 3]
    assert sent["boxes"] == [tiny.boxes_of(3).tolist(), []] and sent["names"] == [
        "rare, test image 3",
        "common, test image 0",
    ]


@pytest.mark.parametrize("image", [3, -1, None, "0", 1.0])
def test_an_image_that_was_not_offered_is_refused(image):
    with pytest.raises(ValueError, match="is not among the 3 of this explorer: choose another"):
        scene.asked_row({"image": image}, np.arange(3))


def test_images_without_a_box_are_refused(tiny):
    scene.check_boxed(tiny, np.array([3, 7]), "the loss needs")
    for rows in (np.array([3, 0]), np.array([], int)):
        with pytest.raises(
            ValueError, match=r"the loss needs images that have a box: choose some with lesson\.rare_rows"
        ):
            scene.check_boxed(tiny, rows, "the loss needs")
