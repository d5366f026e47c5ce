import numpy as np
import pytest
from PIL import Image

from carekit.material.intake.sources.lesions import is_inverted, lesion

INSIDE = np.zeros((30, 40), bool)
INSIDE[6:24, 10:30] = True


def _palette(index, colours):
    image = Image.fromarray(index.astype(np.uint8), "P")
    image.putpalette(colours)
    return image


def _coloured(colour):
    return Image.fromarray(INSIDE[..., None].astype(np.uint8) * np.array(colour, np.uint8))


VOC = [0, 0, 0, 128, 0, 0, 0, 128, 0] + [224, 224, 192] * 253
BORDERED = np.where(INSIDE, 1, 0)
BORDERED[5, 9:31] = 255
CONVENTIONS = {
    "white": Image.fromarray(INSIDE.astype(np.uint8) * 255),
    "one": Image.fromarray(INSIDE.astype(np.uint8)),
    "grey": Image.fromarray(INSIDE.astype(np.uint8) * 100),
    "class 2": Image.fromarray(INSIDE.astype(np.uint8) * 2),
    "two classes": Image.fromarray(
        INSIDE.astype(np.uint8) + (np.indices(INSIDE.shape)[0] > 12) * INSIDE.astype(np.uint8)
    ),
    "two greys": Image.fromarray(np.where(INSIDE, 200, 40).astype(np.uint8)),
    "sixteen bits": Image.fromarray(INSIDE.astype(np.uint16) * 1000),
    "one bit": Image.fromarray(INSIDE),
    "palette": _palette(INSIDE, VOC),
    "palette with a border": _palette(BORDERED, VOC),
    "palette of black and white": _palette(INSIDE, [0, 0, 0, 255, 255, 255]),
    "palette of white and black": _palette(~INSIDE, [255, 255, 255, 0, 0, 0]),
    "palette, white at 255": _palette(np.where(INSIDE, 255, 0), [0, 0, 0] * 255 + [255, 255, 255]),
    "red": _coloured((255, 0, 0)),
    "dark blue": _coloured((0, 0, 100)),
    "alpha": Image.fromarray(np.dstack([np.full((30, 40, 3), 90, np.uint8), INSIDE.astype(np.uint8) * 255])),
    "opaque": Image.fromarray(
        np.dstack([np.repeat(INSIDE[..., None], 3, 2) * 255, np.full((30, 40), 255)]).astype(np.uint8)
    ),
}


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_the_lesion_is_what_is_not_the_background(convention):
    np.testing.assert_array_equal(lesion(CONVENTIONS[convention]), INSIDE)


def test_soft_edges_are_cut_in_the_middle():
    soft = np.tile(np.linspace(0, 100, 40).round().astype(np.uint8), (30, 1))
    np.testing.assert_array_equal(lesion(Image.fromarray(soft)), soft > 50)
    np.testing.assert_array_equal(
        lesion(Image.fromarray((soft * 2.5).astype(np.uint8))), (soft * 2.5).astype(int) > 127
    )


def test_empty_and_full():
    assert not lesion(Image.new("L", (40, 30))).any() and lesion(Image.new("L", (40, 30), 255)).all()


def test_black_on_white_is_noticed():
    assert is_inverted(~INSIDE) and not is_inverted(INSIDE)
    assert not is_inverted(np.ones((30, 40), bool))  # a lesion may fill the picture
    at_the_edge = ~INSIDE
    at_the_edge[0, 0] = False
    assert not is_inverted(at_the_edge)
