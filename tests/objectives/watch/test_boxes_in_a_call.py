import pytest
import torch

from carekit import Care, box_masks
from carekit.networks.vision import tv_tensors


@pytest.fixture
def watched(small):
    model = small().eval()
    return model, Care().watch(model, "trunk")


def test_boxes_and_masks_of_every_kind_give_one_loss(watched, images, labels, boxes):
    model, care = watched
    m_in, _ = box_masks(boxes, (64, 64))
    size = (64, 64)
    tagged = [
        tv_tensors.BoundingBoxes(torch.tensor(each).reshape(-1, 4), format="XYXY", canvas_size=size) for each in boxes
    ]
    kinds = {
        "lists": boxes,
        "with None": [each or None for each in boxes],
        "padded": torch.tensor([(each or [(0, 0, 0, 0)])[0] for each in boxes])[:, None],
        "tagged": tagged,
        "dictionaries": [{"boxes": torch.tensor(each)} for each in boxes],
        "masks": m_in,
        "bool": m_in.bool(),
        "with a channel": m_in[:, None].float(),
    }
    found = {name: care(model(images), labels, kind).attention.item() for name, kind in kinds.items()}
    assert found == pytest.approx(dict.fromkeys(found, found["lists"]), abs=1e-7)
    shifted = [[(x0, y0, x1 - x0, y1 - y0) for x0, y0, x1, y1 in each] for each in boxes]
    assert care(model(images), labels, shifted, format="xywh").attention.item() == found["lists"]


@pytest.mark.parametrize("none", [None, [[]] * 6, [None] * 6, torch.zeros(6, 64, 64)])
def test_a_batch_without_boxes(watched, images, labels, none):
    model, care = watched
    loss = care(model(images), labels, none)
    assert loss.boxed == 0 and loss.attention == 0
    torch.testing.assert_close(loss.total, 0.5 * loss.classification)
    assert care.last is None


def test_a_mask_that_a_crop_emptied_is_no_box(watched, images, labels, boxes):
    model, care = watched
    m_in, _ = box_masks(boxes, (64, 64))
    m_in[0] = 0
    assert care(model(images), labels, m_in).boxed == 3
    assert care.last.rows.tolist() == [1, 3, 4]


def test_what_is_no_box_is_refused_with_the_image(watched, images, labels, boxes):
    model, care = watched
    with pytest.raises(ValueError, match="shares of the image's sides"):
        care(model(images), labels, [[(0.1, 0.2, 0.5, 0.6)], *boxes[1:]])
    with pytest.raises(ValueError, match="divide by 255"):
        care(model(images), labels, torch.full((6, 64, 64), 255))
    with pytest.raises(ValueError, match="box .* of image 1 of the batch"):
        care(model(images), labels, [boxes[0], [(30, 30, 20, 40)], *boxes[2:]])
