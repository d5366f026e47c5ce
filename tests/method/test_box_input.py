import numpy as np
import pytest
import torch

from carekit import box_masks
from carekit.method.box_input import is_mask, read_boxes, read_masks
from carekit.networks.vision import tv_tensors

BOX = [[10.0, 20.0, 40.0, 50.0]]


@pytest.mark.parametrize(
    "boxes",
    [
        BOX,
        BOX[0],
        tuple(BOX[0]),
        np.array(BOX),
        np.array(BOX[0], dtype=np.int32),
        torch.tensor(BOX, requires_grad=True),
        [torch.tensor(BOX[0])],
        {"boxes": torch.tensor(BOX), "labels": torch.tensor([1])},
        torch.tensor([*BOX, [0, 0, 0, 0], [-1, -1, -1, -1]]),
        np.array([*BOX, [np.nan] * 4]),
        tv_tensors.BoundingBoxes(torch.tensor(BOX), format="XYXY", canvas_size=(64, 64)),
        tv_tensors.BoundingBoxes(torch.tensor([[10, 20, 30, 30.0]]), format="XYWH", canvas_size=(64, 64)),
        tv_tensors.BoundingBoxes(torch.tensor([[25, 35, 30, 30.0]]), format="CXCYWH", canvas_size=(64, 64)),
    ],
)
def test_boxes_of_every_kind_are_the_same_box(boxes):
    np.testing.assert_array_equal(read_boxes(boxes, (64, 64)), BOX)
    masks, has_box = box_masks([boxes], (64, 64))
    assert has_box.tolist() == [True]
    assert int(masks.sum()) == 900
    assert masks[0, 20:50, 10:40].all()


@pytest.mark.parametrize(("format", "boxes"), [("xywh", [10, 20, 30, 30]), ("cxcywh", [25, 35, 30, 30])])
def test_a_format_may_be_said(format, boxes):
    np.testing.assert_array_equal(read_boxes(boxes, (64, 64), format=format), BOX)


@pytest.mark.parametrize("nothing", [None, [], (), np.zeros((0, 4)), torch.zeros(0, 4), torch.zeros(2, 4)])
def test_no_box(nothing):
    masks, has_box = box_masks([nothing, BOX], (64, 64))
    assert has_box.tolist() == [False, True]
    assert masks[0].sum() == 0


def test_an_empty_batch():
    masks, has_box = box_masks([], (64, 64))
    assert masks.shape == (0, 64, 64) and has_box.shape == (0,)


@pytest.mark.parametrize(
    ("boxes", "options", "words"),
    [
        ([(0.2, 0.3, 0.6, 0.7)], {}, r"box \(0.2, 0.3, 0.6, 0.7\) of image 0 .* shares of the image's sides"),
        ([(100, 120, 400, 380)], {}, "more than half of box .* lies outside its 224 x 224 image.*format='xywh'"),
        ([(1, 2, 9, 9, 0.8)], {}, "have the shape 1 x 5: give rows of four numbers"),
        ([(1, 2, 9)], {}, "four numbers"),
        ([(1, 2, 9, 9), (1, 2)], {}, "no rows of four numbers"),
        (["a box"], {}, "no rows of four numbers"),
        ({"labels": [1]}, {}, "no key 'boxes'"),
        ([(1, 2, 9, 9)], {"format": "xywh2"}, "format = 'xywh2' is unknown: did you mean 'xywh'"),
        (
            tv_tensors.BoundingBoxes(torch.tensor([[1, 2, 9, 9.0]]), format="XYWH", canvas_size=(224, 224)),
            {"format": "xyxy"},
            "tagged xywh, but format = 'xyxy'",
        ),
        ([(9, 2, 1, 9)], {}, "empty or reversed"),
        ([(0, 0, 0, 0)], {}, "shares|empty"),
    ],
)
def test_a_sentence_for_what_is_no_box(boxes, options, words):
    with pytest.raises(ValueError, match=words):
        box_masks([boxes], (224, 224), **options)


MASK = torch.zeros(3, 8, 6)
MASK[0, 2:4, 1:5] = 1
MASK[2, 0, 0] = 1


@pytest.mark.parametrize(
    "masks",
    [
        MASK,
        MASK.bool(),
        MASK.to(torch.uint8),
        MASK.long(),
        MASK.double(),
        MASK[:, None],
        MASK[..., None],
        MASK.numpy(),
        tv_tensors.Mask(MASK),
    ],
)
def test_masks_of_every_kind_are_the_same_mask(masks):
    assert is_mask(masks, (8, 6))
    found, filled = read_masks(masks, (8, 6))
    assert torch.equal(found.float(), MASK)
    assert filled.tolist() == [True, False, True]  # an empty mask is no box
    assert type(found) is torch.Tensor


def test_soft_masks_stay_soft_and_may_have_another_size():
    found, _ = read_masks(MASK * 0.5, (16, 12))
    assert found.max() == 0.5


def test_metatensors_are_read():
    monai = pytest.importorskip("monai.data", reason="MONAI comes with the interop extra")
    found, filled = read_masks(monai.MetaTensor(MASK[:, None]), (8, 6))
    assert type(found) is torch.Tensor and filled.tolist() == [True, False, True]


@pytest.mark.parametrize(
    ("masks", "words"),
    [
        (MASK * 255, "values from 0 to 255, not from 0 to 1: divide by 255"),
        (MASK - 0.5, "values from -0.5 to 0.5"),
        (MASK * float("nan"), "not from 0 to 1"),
        (MASK[:, None].repeat(1, 3, 1, 1), r"several channels each: give one, for example masks.amax\(1\)"),
        (MASK.transpose(1, 2), "masks of 6 x 8 do not have the proportions of the 8 x 6 images"),
        (MASK[0], "give .b, h, w., a mask for each image"),
    ],
)
def test_a_sentence_for_what_is_no_mask(masks, words):
    with pytest.raises(ValueError, match=words):
        read_masks(masks, (8, 6))


def test_rows_of_boxes_are_no_masks():
    assert not is_mask(torch.zeros(3, 2, 4), (64, 64))
    assert is_mask(torch.zeros(3, 4, 4), (4, 4))
