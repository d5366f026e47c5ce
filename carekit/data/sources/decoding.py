"""From the bytes of a file to an upright RGB image: photographs and DICOM films."""

import io
import struct
import warnings

import numpy as np
from jaxtyping import Bool
from PIL import Image, ImageOps, UnidentifiedImageError

FORMATS = ("JPEG", "PNG", "BMP", "TIFF", "WEBP")
ENDINGS = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp", ".dcm")
# What decoders raise for a damaged file: almost anything.
_FAULTS = (OSError, SyntaxError, ValueError, TypeError, LookupError, ArithmeticError, EOFError, struct.error)
_FAULTS += (Image.DecompressionBombWarning, Image.DecompressionBombError)
_FILM_FAULTS = (AttributeError, KeyError, EOFError, NotImplementedError, RuntimeError)


def decode_image(data: bytes, name: str) -> Image.Image:
    """An RGB image, turned upright as its EXIF tag says; 16-bit greys are spread from their darkest to their lightest.

    Args:
        data: the bytes of a file.
        name: its name: for the error, and to know a film by its ending.

    Raises:
        ValueError: naming the file, where it is damaged, empty, huge, no image, or has several frames.
    """
    return _decode(data, name).convert("RGB")


def decode_mask(data: bytes, name: str, size: tuple[int, int]) -> Bool[np.ndarray, "h w"]:
    """A lesion mask, True inside; another resolution of the image's shape is welcome: some publishers keep such masks.

    Args:
        data: the bytes of a file.
        name: its name.
        size: width and height of the image that it belongs to.

    Raises:
        ValueError: naming the file, where it cannot be read or has another shape than the image.
    """
    mask = _decode(data, name).convert("L")
    if abs(mask.width * size[1] - mask.height * size[0]) > 0.02 * mask.height * size[0]:
        raise ValueError(f"mask {name} has {mask.size} pixels but its image has {size}: fetch them from one source")
    grey = np.asarray(mask)
    return grey > (127 if grey.max() > 1 else 0)  # some tools write 1 for white


def _decode(data: bytes, name: str) -> Image.Image:
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
    except (*_FILM_FAULTS, pydicom.errors.InvalidDicomError) as error:
        raise ValueError(str(error).splitlines()[0]) from None
    image = Image.fromarray(grey) if grey.dtype == np.uint8 else _spread(grey)
    return ImageOps.invert(image) if film.PhotometricInterpretation == "MONOCHROME1" else image
