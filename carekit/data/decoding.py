"""From the bytes of a file to an upright RGB image: photographs, DICOM films, rows of an array."""

import io
import struct
import warnings

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from carekit.data.files import Source
from carekit.data.sources import Stack

FORMATS = ("JPEG", "PNG", "BMP", "TIFF", "WEBP")
ENDINGS = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp", ".dcm")
# What damaged files bring forth; a decoder may stumble over anything.
_FAULTS = (OSError, SyntaxError, ValueError, TypeError, LookupError, ArithmeticError, EOFError, struct.error)
_FAULTS += (Image.DecompressionBombWarning, Image.DecompressionBombError)


def read_image(files: Source, name: str) -> Image.Image:
    """An RGB image, turned upright as its EXIF tag says; 16-bit greys are spread from their darkest to their lightest.

    Raises ValueError, naming the file, where it is damaged, empty, huge, no image, or has several frames.
    """
    if isinstance(files, Stack):
        return Image.fromarray(files.row(name)).convert("RGB")
    return _decode(files, name).convert("RGB")


def read_mask(files: Source, name: str, size: tuple[int, int]) -> np.ndarray:
    """A lesion mask, bool (h, w). Raises ValueError where it cannot be read or has other sides than `size` (w, h).

    Another resolution of the same shape is welcome: some publishers keep masks at the size they were drawn.
    """
    mask = _decode(files, name).convert("L")
    if abs(mask.width * size[1] - mask.height * size[0]) > 0.02 * mask.height * size[0]:
        raise ValueError(f"mask {name} has {mask.size} pixels but its image has {size}: fetch them from one source")
    grey = np.asarray(mask)
    return grey > (127 if grey.max() > 1 else 0)  # some tools write 1 for white


def _decode(files: Source, name: str) -> Image.Image:
    data = files.read(name)
    if not data:
        raise ValueError(f"{name} is empty: fetch it again, or remove its label")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            warnings.simplefilter("ignore", UserWarning)  # of files that bend their standard, as many do
            if name.lower().endswith(".dcm"):
                return _dicom(data)
            image = Image.open(io.BytesIO(data), formats=FORMATS)
            if getattr(image, "n_frames", 1) > 1 and image.format != "MPO":  # a photograph with others behind it
                raise ValueError(f"it has {image.n_frames} frames, where one picture is needed")
            image = ImageOps.exif_transpose(image)
            return _spread(np.asarray(image)) if image.mode[0] in "IF" else image
    except _FAULTS as error:
        if isinstance(error, UnidentifiedImageError):  # its own words name an address in memory
            error = f"it is none of {', '.join(FORMATS)}"
        raise ValueError(f"{name} is damaged or no image ({error}): fetch it again, or remove its label") from None


def _spread(grey: np.ndarray) -> Image.Image:
    """Greys of any depth as 8 bits, from the darkest to the lightest that occur."""
    grey = grey.astype(np.float32)
    low, high = float(grey.min()), float(grey.max())
    if not np.isfinite(high - low):
        raise ValueError("it has pixels that are no number")
    return Image.fromarray(((grey - low) * (255 / max(high - low, 1e-6))).round().astype(np.uint8))


def _dicom(data: bytes) -> Image.Image:
    """One frame of grey values as its own look-up tables say, so that dark stays dark."""
    try:
        import pydicom
        from pydicom.pixels import apply_modality_lut, apply_voi_lut
    except ModuleNotFoundError:
        raise ImportError("DICOM files need pydicom: pip install 'carekit[data]'") from None
    try:
        film = pydicom.dcmread(io.BytesIO(data))
        if "PixelData" not in film:
            raise ValueError("it holds no picture")
        if film.get("NumberOfFrames", 1) not in (1, None) or film.SamplesPerPixel != 1:
            raise ValueError("it is no single grey picture")
        if film.Rows * film.Columns > Image.MAX_IMAGE_PIXELS:
            raise ValueError(f"it says it has {film.Rows * film.Columns} pixels")
        grey = apply_voi_lut(apply_modality_lut(film.pixel_array, film), film)
    except (
        AttributeError,
        KeyError,
        EOFError,
        NotImplementedError,
        RuntimeError,
        pydicom.errors.InvalidDicomError,
    ) as e:
        raise ValueError(str(e).splitlines()[0]) from None
    image = Image.fromarray(grey) if grey.dtype == np.uint8 else _spread(grey)
    return ImageOps.invert(image) if film.PhotometricInterpretation == "MONOCHROME1" else image
