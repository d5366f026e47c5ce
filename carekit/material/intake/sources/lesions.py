"""The lesion in a mask, whatever the convention that its tool has for it."""

import numpy as np
from jaxtyping import Bool, Shaped
from PIL import Image

HALF = 127
FEW = 16  # values: a mask with so few holds numbers of classes, one with more has soft edges
VOID = 255  # palette index of the border that Pascal VOC draws around objects


def lesion(image: Image.Image) -> Bool[np.ndarray, "h w"]:
    """True inside. What the mask holds decides: indices of a palette, alpha, a colour, or a grey.

    The background is index 0 of a palette, else what is transparent or black. Two greys are background and lesion, a
    few are numbers of classes of which 0 is the background, and many are soft edges, cut in the middle, or numbers of
    lesions, if each is a flat region.
    """
    if image.mode == "P":
        index = np.asarray(image)
        if _is_black((image.getpalette() or [0, 0, 0])[:3]):
            return (index != 0) & ((index != VOID) | _only(index, (0, VOID)))
        image = image.convert("RGB")
    if image.mode in ("RGBA", "LA", "PA"):
        alpha = np.asarray(image.getchannel("A"))
        if alpha.min() < alpha.max():
            return alpha > HALF
        image = image.convert("RGB" if image.mode == "RGBA" else "L")
    values = np.asarray(image)
    return _grey_lesion(values.max(axis=2) if values.ndim == 3 else values)  # (h w 3) -> (h w)


def labels_in(image: Image.Image) -> int:
    """How many colours or numbers besides the background cover a twentieth of a mask's inside or more; at least 1."""
    if image.mode == "P" and _is_black((image.getpalette() or [0, 0, 0])[:3]):
        image = Image.fromarray(np.where(np.asarray(image) == VOID, 0, np.asarray(image)).astype(np.uint8))
    if image.mode[0] in "IF":  # of more than 8 bits
        return 1
    colours = image.convert("RGB").getcolors(FEW + 1) or []
    inside = [n for n, colour in colours if colour != (0, 0, 0)]
    return max(1, sum(20 * n >= sum(inside) for n in inside))


def is_inverted(inside: Bool[np.ndarray, "h w"]) -> bool:
    """Whether a mask seems to be black on white: white all around its edge, and black only within."""
    edge = np.concatenate([inside[0], inside[-1], inside[:, 0], inside[:, -1]])
    return bool(edge.all() and (~inside).mean() > 0.001)


def _grey_lesion(grey: Shaped[np.ndarray, "h w"]) -> Bool[np.ndarray, "h w"]:
    low = grey.min()
    high = grey.max()
    if low == high:
        return np.full(grey.shape, bool(high > 0))
    if _only(grey, (low, high)):
        return grey == high
    values = np.unique(grey)
    if len(values) <= FEW and high <= HALF or _are_numbers(grey, values):
        return grey > 0
    return grey > (HALF if grey.dtype == np.uint8 and high > HALF else high / 2)


def _are_numbers(grey: Shaped[np.ndarray, "h w"], values: np.ndarray) -> bool:
    """Whether the values number lesions from 1 on: each is a flat region, which the greys of a soft edge are not."""
    if grey.dtype.kind not in "iu" or values[0] != 0 or values[-1] != len(values) - 1:
        return False
    across = grey[:, 1:] == grey[:, :-1]
    between = (grey[:, 1:] > 0) & (grey[:, 1:] < values[-1])
    return bool(across[between].mean() > 0.5) if between.any() else False


def _only(array: Shaped[np.ndarray, "h w"], values: tuple) -> bool:
    low, high = values
    return bool(((array == low) | (array == high)).all())


def _is_black(colour: list[int]) -> bool:
    return max(colour) == 0
