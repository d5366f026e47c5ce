import numpy as np
import pytest
from PIL import Image

from carekit.data.masks import around
from carekit.material.intake.layouts.own import OWN
from carekit.material.intake.preparing.frames import in_pixels
from carekit.material.intake.preparing.prepare import prepare

NAN = float("nan")
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@pytest.mark.parametrize(
    "framed, expected, how",
    [
        ((1, 2, 3, 4, NAN, NAN), (1, 2, 3, 4), ""),
        ((1, 2, 3, 4, 40, 30), (1, 2, 3, 4), ""),
        ((0.25, 0.1, 0.5, 1, 1, 1), (10, 3, 20, 30), ""),
        ((4, 8, 12, 16, 80, 60), (2, 4, 6, 8), "scaled"),
        ((4, 8, 12, 16, 80, 61), (2, 8 * 30 / 61, 6, 16 * 30 / 61), "scaled"),  # rounded when it was reduced
    ],
)
def test_where_a_box_is(framed, expected, how):
    box, told = in_pixels(framed, (40, 30), 1, "a")
    assert box == pytest.approx(expected) and told == how


@pytest.mark.parametrize("wide, tall, turn", [(30, 40, 1), (100, 100, 1), (30, 40, 3), (64, 64, 6)])
def test_another_shape_is_refused(wide, tall, turn):
    with pytest.raises(ValueError, match=f"of image a were drawn in a picture of {wide} x {tall} .* it is 40 x 30"):
        in_pixels((1, 2, 3, 4, wide, tall), (40, 30), turn, "a")


@pytest.mark.parametrize("turn", [5, 6, 7, 8])
def test_a_box_of_the_picture_as_it_is_stored_is_turned_as_pillow_turns_the_picture(turn):
    stored = np.zeros((40, 30), np.uint8)
    stored[5:12, 8:25] = 255
    upright = np.asarray(Image.fromarray(stored).transpose(TURNS[turn]))
    box, told = in_pixels((*around(stored), 30, 40), (40, 30), turn, "a")
    assert box == pytest.approx(around(upright)) and told == "turned"


@pytest.mark.parametrize("turn", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_boxes_of_the_upright_picture_stay_where_they_are(turn, kind, tmp_path):
    """What the picture shows white is where its box says, whatever its EXIF orientation."""
    (tmp_path / "set").mkdir()
    upright = np.zeros((60, 80, 3), np.uint8)
    upright[12:36, 20:50] = 255
    back = {6: 8, 8: 6}.get(turn, turn)
    stored = Image.fromarray(upright) if turn == 1 else Image.fromarray(upright).transpose(TURNS[back])
    exif = Image.Exif()
    exif[0x0112] = turn
    for i in range(4):
        stored.save(tmp_path / "set" / f"{i}.{kind.lower()}", kind, exif=exif.tobytes() if kind != "TIFF" else exif)
    (tmp_path / "set" / "labels.csv").write_text("image,label\n0,a\n1,a\n2,b\n3,b\n")
    (tmp_path / "set" / "boxes.csv").write_text("image,x0,y0,x1,y1\n" + "".join(f"{i},20,12,50,36\n" for i in range(4)))
    data = prepare(OWN, tmp_path / "set", tmp_path / "out", 40, workers=1)
    seen = around(data.read([0])[0][..., 0] > 127)
    np.testing.assert_allclose(data.boxes_of(0)[0], seen, atol=1)
    np.testing.assert_allclose(data.boxes_of(0)[0], [10, 8, 25, 24])
