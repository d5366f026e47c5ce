"""From the bytes of a file to an upright RGB image: photographs and DICOM films."""

import io
import re
import struct
import warnings
import zlib
from collections.abc import Callable
from typing import TypeVar

import numpy as np
from jaxtyping import Bool
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from carekit.material.intake.sources.films import Unsupported, decode_film, is_film
from carekit.material.intake.sources.greys import spread
from carekit.material.intake.sources.lesions import labels_in, lesion

FORMATS = ("JPEG", "PNG", "BMP", "TIFF", "WEBP", "GIF")
FILMS = (".dcm", ".dicom")
ENDINGS = (".jpg", ".jpeg", ".jfif", ".png", ".bmp", ".tif", ".tiff", ".webp", ".gif", *FILMS)
# What other files begin with that are called as images, and what helps.
STRANGERS = (
    (rb"\s*<(!doctype html|html|head)", "is a web page that a server sent in place of the image: download it again"),
    (rb"....ftyp(hei|mif|msf|avi)", "is a HEIC or AVIF picture, which is not read: convert it to JPEG or PNG"),
    (rb"version https://git-lfs", "is a pointer of Git LFS and no image: fetch the files with git lfs pull"),
)
TURN = "turn"  # of an image's info: its EXIF orientation, 1 to 8, before it was turned upright
# What decoders raise for a damaged file: almost anything.
_FAULTS = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    EOFError,
    struct.error,
    zlib.error,
)
_Result = TypeVar("_Result")
_BOMBS = (Image.DecompressionBombWarning, Image.DecompressionBombError)


def decode_image(data: bytes, name: str) -> Image.Image:
    """An RGB image, turned upright as its EXIF tag says; greys of more than 8 bits are spread as `greys.spread` does.

    Args:
        data: the bytes of a file.
        name: its name: for the error, and to know a film by its ending.

    Raises:
        ValueError: naming the file, where it is damaged, empty, huge, no image, or has several frames.
    """
    image = _decode(data, name)
    if image.mode[0] in "IF":
        image = Image.fromarray(_survive(name, lambda: spread(np.asarray(image))))
    turn = image.info.get(TURN, 1)
    if image.mode != "RGB":  # of an image that is RGB this would be a copy, and some are large
        image = image.convert("RGB")
    image.info = {TURN: turn}
    return image


def image_size(data: bytes, name: str) -> tuple[int, int]:
    """The width and height of a file's image as it is stored, mostly without decoding it. Raises as `decode_image`."""
    if name.lower().endswith(FILMS) or is_film(data):
        return decode_image(data, name).size
    return _survive(name, lambda: Image.open(io.BytesIO(data), formats=FORMATS).size)


def decode_mask(data: bytes, name: str, size: tuple[int, int]) -> Bool[np.ndarray, "h w"]:
    """A lesion mask, True inside; another resolution of the image's shape is welcome: some publishers keep such masks.

    Args:
        data: the bytes of a file.
        name: its name.
        size: width and height of the image that it belongs to.

    Raises:
        ValueError: naming the file, where it cannot be read or has another shape than the image.
    """
    mask = _decode(data, name)
    if abs(mask.width * size[1] - mask.height * size[0]) > 0.02 * mask.height * size[0]:
        raise ValueError(f"mask {name} has {mask.size} pixels but its image has {size}: fetch them from one source")
    return lesion(mask)


def mask_labels(data: bytes, name: str) -> int:
    """How many labels a mask holds: its flat colours or numbers besides the background. Raises as `decode_mask`."""
    return labels_in(_decode(data, name))


def _decode(data: bytes, name: str) -> Image.Image:
    """An upright image in its own mode."""
    if not data:
        raise ValueError(f"{name} is empty: fetch it again, or remove its label")
    for begin, words in STRANGERS:
        if re.match(begin, data[:512], re.I | re.S):
            raise ValueError(f"{name} {words}")
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        warnings.simplefilter("ignore", UserWarning)  # of files that bend their standard, as many do
        if name.lower().endswith(FILMS) or is_film(data):
            return _survive(name, lambda: decode_film(data))
        return _survive(name, lambda: _photograph(data))


def _survive(name: str, decode: Callable[[], _Result]) -> _Result:
    """What `decode` gives; ValueError, naming the file, for whatever it raises."""
    try:
        return decode()
    except Unsupported as error:
        raise ValueError(f"{name} cannot be read: {error}") from None
    except _BOMBS as error:
        pixels = "".join(filter(str.isdigit, str(error).split(")")[0]))
        most = Image.MAX_IMAGE_PIXELS
        raise ValueError(f"{name} has {pixels} pixels, more than {most}: scale it down") from None
    except MemoryError:
        raise ValueError(f"{name} needs more memory than there is: scale it down, or take fewer workers") from None
    except _FAULTS as error:
        words = str(error)
        if isinstance(error, UnidentifiedImageError):  # its own words name an address in memory
            words = f"it is none of {', '.join(FORMATS)}"
        raise ValueError(f"{name} is damaged or no image ({words}): fetch it again, or remove its label") from None


def _photograph(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data), formats=FORMATS)
    frames = getattr(image, "n_frames", 1)
    if frames > 1 and image.format != "MPO":  # a photograph with others behind it
        raise Unsupported(f"it has {frames} frames, where one picture is needed")
    turn = image.getexif().get(ExifTags.Base.Orientation, 1)
    image.load()
    ImageOps.exif_transpose(image, in_place=True)
    image.info[TURN] = turn if turn in range(1, 9) else 1
    return image
