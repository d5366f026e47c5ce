import numpy as np
import pandas as pd
import pytest
import torch

from carekit.data.batches import BoxedImages, boxed_rows, loader, to_unit
from carekit.experiment.box_sources import Scaled
from carekit.method import boxes


def boxed(data, classes=None, box_scale=1.0, augment="none"):
    return BoxedImages(data, Scaled(box_scale)(data, boxed_rows(data, classes)), augment)


def test_a_batch_has_the_images_labels_and_the_boxes_of_the_rare_class_only(tiny):
    images = boxed(tiny)
    batch = images.__getitems__([0, 3, 7])
    assert batch.images.shape == (3, 3, 16, 16) and batch.images.dtype == torch.uint8
    np.testing.assert_array_equal(batch.images.permute(0, 2, 3, 1), tiny.read([0, 3, 7]))
    assert batch.labels.tolist() == [0, 1, 1]
    assert batch.has_box.tolist() == [False, True, True]
    expected = boxes.rasterise(tiny.boxes_of(3), (16, 16))
    np.testing.assert_array_equal(batch.m_in[1], expected)
    assert batch.m_in[0].sum() == 0


def test_which_classes_show_boxes_is_a_choice(tiny):
    assert boxed(tiny, classes=[]).boxes == {}
    assert len(boxed(tiny, classes=["common", "rare"]).boxes) == 8  # the common class has none
    with pytest.raises(ValueError, match="class = 'mel' is unknown: choose one of common, rare"):
        boxed(tiny, classes=["mel"])


def test_the_box_scale_reaches_the_mask(tiny):
    whole, half = (boxed(tiny, box_scale=s).__getitems__([3]).m_in.sum() for s in (1.0, 0.5))
    assert half == whole / 4


@pytest.mark.parametrize("level", ["flip", "strong"])
def test_image_and_mask_are_augmented_alike(tiny, level):
    """The bright square is the box: it must still be after any number of flips and turns."""
    torch.manual_seed(0)
    images = boxed(tiny, augment=level)
    rows = [3, 7, 11, 15]
    plain = boxed(tiny).__getitems__(rows)
    changed = 0
    for _ in range(10):
        batch = images.__getitems__(rows)
        changed += int((batch.m_in != plain.m_in).flatten(1).any(1).sum())
        bright = batch.images.float().mean(1)
        for image, mask in zip(bright, batch.m_in, strict=True):
            assert image[mask > 0].mean() > image[mask == 0].mean() + 80
    assert changed > 10


def test_an_unknown_augmentation_is_refused(tiny):
    with pytest.raises(ValueError, match="choose one of none, flip, strong"):
        boxed(tiny, augment="mixup")


def test_a_bad_box_names_its_image(tiny):
    bad = pd.concat([tiny.boxes, pd.DataFrame([{"image_id": "i3", "x0": 20.0, "y0": 1.0, "x1": 30.0, "y1": 4.0}])])
    data = type(tiny)(tiny.images, tiny.samples, bad, tiny.facts)
    with pytest.raises(ValueError, match="of image i3 lies outside"):
        BoxedImages(data)

    with pytest.raises(ValueError, match="of image i3 lies outside"):
        BoxedImages(tiny, {3: data.boxes_of(3)})


def test_any_boxes_may_be_trained_on_and_none(tiny):
    """Not those of the data set, and clipped to the image; a row without boxes is left out."""
    images = BoxedImages(tiny, {0: np.array([[2.0, 3.0, 40.0, 5.0]]), 3: np.zeros((0, 4))})
    batch = images.__getitems__([0, 3])
    assert list(images.boxes) == [0] and batch.has_box.tolist() == [True, False]
    expected = np.zeros((16, 16))
    expected[3:5, 2:] = 1
    np.testing.assert_array_equal(batch.m_in[0], expected)
    assert not BoxedImages(tiny, {}).__getitems__([3, 7]).has_box.any()


def test_a_sampler_chooses_the_images(tiny):
    rows = [5, 5, 2, 30]
    (batch,) = loader(boxed(tiny), 4, sampler=rows)
    assert batch.labels.tolist() == tiny.labels[rows].tolist()
    np.testing.assert_array_equal(batch.images.permute(0, 2, 3, 1), tiny.read(rows))


def test_workers_give_the_same_images_as_none(tiny):
    alone = [batch.images for batch in loader(boxed(tiny), 8)]
    helped = [batch.images for batch in loader(boxed(tiny), 8, workers=2)]
    assert all(torch.equal(a, b) for a, b in zip(alone, helped, strict=True))


def test_to_unit_refuses_nan_and_names_the_image():
    images = torch.rand(3, 3, 4, 4)
    assert to_unit(images) is images
    assert to_unit(torch.full((1, 3, 2, 2), 255, dtype=torch.uint8)).max() == 1
    images[1, 0, 2, 2] = float("nan")
    with pytest.raises(ValueError, match="image 1 of the batch holds NaN"):
        to_unit(images)
