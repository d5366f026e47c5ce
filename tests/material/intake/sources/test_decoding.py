import io
import re

import numpy as np
import pytest
from PIL import Image

from carekit.material.intake.sources import open_source

pydicom = pytest.importorskip("pydicom")


def _file(image, kind, **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def _dicom(pixels, photometric="MONOCHROME2", **fields):
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage

    film, film.file_meta = Dataset(), FileMetaDataset()
    film.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    film.SOPClassUID = film.file_meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    film.SOPInstanceUID = film.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
    bits = 8 * pixels.dtype.itemsize
    film.Rows, film.Columns, film.SamplesPerPixel, film.PhotometricInterpretation = *pixels.shape[:2], 1, photometric
    film.BitsAllocated, film.BitsStored, film.HighBit, film.PixelRepresentation = bits, bits, bits - 1, 0
    film.PixelData = pixels.tobytes()
    for name, value in fields.items():
        setattr(film, name, value)
    out = io.BytesIO()
    film.save_as(out, enforce_file_format=True)
    return out.getvalue()


RAMP = np.tile(np.arange(40, dtype=np.uint8) * 6, (30, 1))


def _read(folder, name, data):
    (folder / name).write_bytes(data)
    with open_source(folder) as files:
        return np.asarray(files.image(name)).astype(int)


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "WEBP"])
def test_photographs_of_any_common_format(tmp_path, kind):
    data = _file(Image.fromarray(RAMP), kind, **({"lossless": True} if kind == "WEBP" else {}))
    image = _read(tmp_path, f"a.{kind.lower()}", data)
    assert image.shape == (30, 40, 3) and np.abs(image - RAMP[..., None]).max() <= 1


def test_a_file_under_another_ending_is_read_by_its_content(tmp_path):
    np.testing.assert_array_equal(_read(tmp_path, "a.jpg", _file(Image.fromarray(RAMP), "PNG"))[..., 0], RAMP)


def test_sixteen_bits_are_spread_and_not_cut_off(tmp_path):
    deep = _file(Image.fromarray(RAMP.astype(np.uint16) * 100), "PNG")
    expected = RAMP / RAMP.max() * 255
    assert np.abs(_read(tmp_path, "a.png", deep)[..., 0] - expected).max() <= 1


def test_palette_transparency_and_one_bit(tmp_path):
    for mode in ("P", "RGBA", "LA", "1"):
        assert _read(tmp_path, "a.png", _file(Image.fromarray(RAMP).convert(mode), "PNG")).shape == (30, 40, 3)


def test_films_keep_dark_dark(tmp_path):
    np.testing.assert_array_equal(_read(tmp_path, "a.dcm", _dicom(RAMP))[..., 0], RAMP)
    inverted = _read(tmp_path, "a.dcm", _dicom(255 - RAMP, "MONOCHROME1"))
    np.testing.assert_array_equal(inverted[..., 0], RAMP)
    deep = _read(tmp_path, "a.dcm", _dicom(RAMP.astype(np.uint16) * 16))
    assert np.abs(deep[..., 0] - RAMP / RAMP.max() * 255).max() <= 1


def test_a_window_stored_in_the_film_is_used(tmp_path):
    windowed = _dicom(RAMP.astype(np.uint16) * 16, WindowCenter=1000, WindowWidth=500)
    image = _read(tmp_path, "a.dcm", windowed)[..., 0]
    below, above = RAMP[0].astype(int) * 16 < 740, RAMP[0].astype(int) * 16 > 1260
    assert (image[:, below] == 0).all() and (image[:, above] == 255).all() and below.any() and above.any()


def test_a_window_without_width_is_none(tmp_path):
    deep = RAMP.astype(np.uint16) * 16
    image = _read(tmp_path, "a.dcm", _dicom(deep, WindowCenter=0, WindowWidth=0))
    np.testing.assert_array_equal(image, _read(tmp_path, "b.dcm", _dicom(deep)))


def test_padding_is_black_and_does_not_decide_the_range(tmp_path):
    padded = RAMP.astype(np.uint16) * 16
    padded[:5] = 60_000
    image = _read(tmp_path, "a.dcm", _dicom(padded, PixelPaddingValue=60_000))[..., 0]
    assert (image[:5] == 0).all() and np.abs(image[5:] - RAMP[5:] / RAMP.max() * 255).max() <= 1


def test_films_in_colour_inverted_without_a_header_or_an_ending(tmp_path):
    colours = np.dstack([RAMP, RAMP[:, ::-1], RAMP // 2])
    data = _dicom(colours, "RGB", SamplesPerPixel=3, PlanarConfiguration=0)
    np.testing.assert_array_equal(_read(tmp_path, "a.dcm", data), colours)
    np.testing.assert_array_equal(_read(tmp_path, "IM0001", _dicom(RAMP))[..., 0], RAMP)
    inverted = _read(tmp_path, "b.dcm", _dicom(255 - RAMP, PresentationLUTShape="INVERSE"))
    np.testing.assert_array_equal(inverted[..., 0], RAMP)
    film = pydicom.dcmread(io.BytesIO(_dicom(RAMP)))
    film.file_meta, out = pydicom.dataset.FileMetaDataset(), io.BytesIO()
    film.save_as(out, implicit_vr=False, little_endian=True, enforce_file_format=False)
    np.testing.assert_array_equal(_read(tmp_path, "c.dcm", out.getvalue())[..., 0], RAMP)


def test_a_codec_that_is_missing_is_named(tmp_path):
    film = pydicom.dcmread(io.BytesIO(_dicom(RAMP)))
    film.file_meta.TransferSyntaxUID = pydicom.uid.JPEGLSLossless
    film.PixelData = pydicom.encaps.encapsulate([b"x" * 100])
    film["PixelData"].VR = "OB"
    film.save_as(tmp_path / "a.dcm")
    with open_source(tmp_path) as files, pytest.raises(ValueError, match="a.dcm") as error:
        files.image("a.dcm")
    # Where a codec happens to be installed, the bytes are told to be damaged.
    assert "needs a package: pip install python-gdcm" in str(error.value) or "is damaged" in str(error.value)


@pytest.mark.parametrize("kind, ending", [("GIF", "gif"), ("JPEG", "jfif"), ("JPEG", "HEIC"), ("PNG", "")])
def test_photographs_by_their_content(tmp_path, kind, ending):
    image = _read(tmp_path, f"a.{ending}", _file(Image.fromarray(RAMP), kind))
    assert np.abs(image - RAMP[..., None]).max() <= 3


def _animated():
    frames = [Image.new("L", (40, 30), grey) for grey in (0, 100)]
    return _file(frames[0], "PNG", save_all=True, append_images=frames[1:])


def _without_width():
    """A TIFF whose tag of the width has another number."""
    data = _file(Image.fromarray(RAMP), "TIFF")
    return re.sub(rb"\x00\x01([\x03\x04])\x00\x01", lambda found: b"\xfe" + found[0][1:], data, count=1)


FAULTS = {
    "empty": ("a.png", b"", "a.png is empty"),
    "renamed": ("a.png", b"patient,name\n", "a.png is damaged or no image"),
    "truncated": ("a.png", _file(Image.fromarray(RAMP), "PNG")[:-30], "a.png is damaged"),
    "animated": ("a.png", _animated(), "a.png cannot be read: it has 2 frames"),
    "huge": (
        "a.png",
        _file(Image.new("1", (10_000, 10_000)), "PNG"),
        "a.png has 100000000 pixels, more than 89478485: scale it down",
    ),
    "svg": ("a.png", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "a.png is damaged or no image"),
    "bad tags": ("a.tif", _without_width(), "a.tif is damaged"),
    "no film": ("a.dcm", b"DICM" * 50, "a.dcm is damaged or no image"),
    "cut film": ("a.dcm", _dicom(RAMP)[:-100], "a.dcm is damaged or no image"),
    "frames": ("a.dcm", _dicom(RAMP, NumberOfFrames=2), "it is no single picture: export"),
    "huge film": ("a.dcm", _dicom(RAMP, Rows=60_000, Columns=60_000), "it says it has 3600000000 pixels"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_no_picture_is_told_in_one_sentence(tmp_path, fault):
    name, data, sentence = FAULTS[fault]
    with pytest.raises(ValueError, match=sentence) as error:
        _read(tmp_path, name, data)
    assert "\n" not in str(error.value) and name in str(error.value)


def test_a_film_without_pixels_is_told(tmp_path):
    film = pydicom.dcmread(io.BytesIO(_dicom(RAMP)))
    del film.PixelData
    film.save_as(tmp_path / "a.dcm")
    with pytest.raises(ValueError, match="holds no picture"), open_source(tmp_path) as files:
        files.image("a.dcm")


def test_damaged_tags_of_a_photograph(tmp_path):
    data = _file(Image.new("RGB", (40, 30), "red"), "JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0\xff")
    (tmp_path / "a.jpg").write_bytes(data)
    with open_source(tmp_path) as files:
        assert files.image("a.jpg").size == (40, 30)


def test_the_first_picture_of_a_photograph_that_holds_more(tmp_path):
    first, second = Image.new("RGB", (40, 30), "red"), Image.new("RGB", (40, 30), "blue")
    (tmp_path / "a.jpg").write_bytes(_file(first, "MPO", save_all=True, append_images=[second]))
    with open_source(tmp_path) as files:
        assert np.asarray(files.image("a.jpg"))[0, 0].argmax() == 0


def test_a_mask_of_the_same_shape_fits_and_of_another_does_not(tmp_path):
    (tmp_path / "m.png").write_bytes(_file(Image.fromarray(RAMP), "PNG"))
    with open_source(tmp_path) as files:
        assert files.mask("m.png", (80, 60)).shape == (30, 40)
        np.testing.assert_array_equal(files.mask("m.png", (40, 30)), RAMP > 127)
        with pytest.raises(ValueError, match=r"mask m.png has \(40, 30\) pixels but its image has \(30, 40\)"):
            files.mask("m.png", (30, 40))
