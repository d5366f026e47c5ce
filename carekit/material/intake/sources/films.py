"""DICOM: a film of greys as its own look-up tables say, or a picture in colour."""

import io
import zlib
from typing import Any

import numpy as np
from jaxtyping import Bool, Shaped
from PIL import Image, ImageOps

from carekit.material.intake.sources.greys import spread

_FAULTS = (AttributeError, KeyError, EOFError, NotImplementedError)
_DEFLATED = "1.2.840.10008.1.2.1.99"
_MOST = 2**28  # bytes that a deflated film may have: MAX_IMAGE_PIXELS of 16 bits, and its tables
_CODECS = "its compression needs a package: pip install python-gdcm, or pylibjpeg and pylibjpeg-libjpeg (GPL)"


class Unsupported(ValueError):
    """A file that is not damaged, and yet not read: the sentence says what helps."""


def is_film(data: bytes) -> bool:
    """Whether a file begins as DICOM does: after a preamble of 128 bytes, or at once with its first group of tags."""
    return data[128:132] == b"DICM" or data[:2] in (b"\x08\x00", b"\x02\x00") and data[3:4] == b"\x00"


def decode_film(data: bytes) -> Image.Image:
    """One picture, grey or in colour.

    Raises:
        Unsupported: for a compression whose package is missing, several frames, a huge film.
        ValueError: for a damaged file.
        ImportError: without pydicom.
    """
    try:
        import pydicom
    except ModuleNotFoundError:
        raise ImportError("DICOM files need pydicom: pip install 'carekit[data]'") from None
    try:
        _check_inflated(data)
        film = pydicom.dcmread(io.BytesIO(data), force=is_film(data))
        _check(film)
        return _picture(film)
    except RuntimeError as error:  # of decoders
        if "missing dependencies" in str(error) or "no available" in str(error):
            raise Unsupported(_CODECS) from None
        raise ValueError(str(error).splitlines()[0]) from None
    except (*_FAULTS, pydicom.errors.InvalidDicomError, pydicom.errors.BytesLengthException) as error:
        raise ValueError((str(error) or type(error).__name__).splitlines()[0][:200]) from None


def patient_of(data: bytes) -> str:
    """The patient that a film's header names; "" if it names none or cannot be read."""
    import pydicom

    try:
        film = pydicom.dcmread(io.BytesIO(data), force=True, specific_tags=["PatientID"], stop_before_pixels=True)
        return str(film.get("PatientID") or "").strip()
    except (*_FAULTS, ValueError, TypeError, OSError, pydicom.errors.InvalidDicomError):
        return ""


def _check_inflated(data: bytes) -> None:
    """Raise Unsupported for a deflated film that would unpack to more than _MOST: pydicom inflates without a limit."""
    from pydicom.filereader import _read_file_meta_info, read_preamble

    file = io.BytesIO(data)
    read_preamble(file, force=True)
    if _read_file_meta_info(file).get("TransferSyntaxUID") != _DEFLATED:
        return
    packed = zlib.decompressobj(-zlib.MAX_WBITS)
    rest, n = file.read(), 0
    while rest and not packed.eof:
        n += len(packed.decompress(rest, 2**20))
        if n > _MOST:
            raise Unsupported(f"it unpacks to more than {_MOST >> 20} MB: export it without compression")
        rest = packed.unconsumed_tail


def _check(film: Any) -> None:
    if not any(name in film for name in ("PixelData", "FloatPixelData", "DoubleFloatPixelData")):
        raise ValueError("it holds no picture")
    if film.get("NumberOfFrames", 1) not in (1, None) or film.SamplesPerPixel not in (1, 3):
        raise Unsupported("it is no single picture: export the frame that is meant")
    most = Image.MAX_IMAGE_PIXELS or 0
    if film.Rows * film.Columns > most:
        raise Unsupported(f"it says it has {film.Rows * film.Columns} pixels, more than {most}: scale it down")
    if "TransferSyntaxUID" not in film.file_meta:  # without the header: what DICOM takes where nothing is said
        film.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2" if film.is_implicit_VR else "1.2.840.10008.1.2.1"


def _picture(film: Any) -> Image.Image:
    from pydicom.pixels import apply_color_lut, apply_modality_lut, apply_voi_lut, convert_color_space

    pixels = film.pixel_array
    if film.PhotometricInterpretation == "PALETTE COLOR":
        pixels = apply_color_lut(pixels, film)
        if pixels.dtype == np.uint16:
            pixels = (pixels >> 8).astype(np.uint8)
        return Image.fromarray(pixels)
    if film.SamplesPerPixel == 3:
        if pixels.dtype != np.uint8:
            raise Unsupported("it has colours of more than 8 bits: export it as PNG")
        if film.PhotometricInterpretation == "YBR_FULL":
            pixels = convert_color_space(pixels, "YBR_FULL", "RGB")
        return Image.fromarray(pixels)
    known = _known(film, pixels)
    if "WindowWidth" in film and not np.min(film.WindowWidth) >= 1:  # some write 0 where there is no window
        del film.WindowWidth
    grey = apply_voi_lut(apply_modality_lut(pixels, film), film)
    windowed = "WindowWidth" in film or "VOILUTSequence" in film
    if grey.dtype != np.uint8:
        grey = spread(grey, None if windowed else known)
    image = Image.fromarray(grey)
    inverse = film.PhotometricInterpretation == "MONOCHROME1" or film.get("PresentationLUTShape") == "INVERSE"
    return ImageOps.invert(image) if inverse else image


def _known(film: Any, pixels: Shaped[np.ndarray, "h w"]) -> Bool[np.ndarray, "h w"] | None:
    """Which pixels are no padding; None where all are."""
    first = film.get("PixelPaddingValue")
    if first is None:
        return None
    last = film.get("PixelPaddingRangeLimit", first)
    known = (pixels < min(first, last)) | (pixels > max(first, last))
    return None if known.all() else known
