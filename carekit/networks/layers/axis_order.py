"""What a layer puts out, seen as feature maps: maps (b, k, u, v), maps with channels last, or tokens."""

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from carekit.method.shapes import Size, fits

MOST_PREFIX_TOKENS = 16  # a class token, DeiT's second one, registers


@dataclass(frozen=True)
class AxisOrder:
    """How the axes of an output lie. kind: "maps", "channels_last" or "tokens"; skip: tokens before the first patch."""

    kind: str
    size: Size
    skip: int = 0

    def maps(self, output: Float[Tensor, "b *axes"]) -> Float[Tensor, "b k u v"]:
        """The output, or its gradient, as maps."""
        if self.kind == "channels_last":
            return output.permute(0, 3, 1, 2)  # (b, u, v, k) -> (b, k, u, v)
        if self.kind == "tokens":
            patches = output[:, self.skip :].transpose(1, 2)  # (b, t, k) -> (b, k, t - skip)
            return patches.unflatten(2, self.size)  # (b, k, u * v) -> (b, k, u, v)
        return output


def axis_order_of(shape: tuple[int, ...], image: Size) -> AxisOrder | None:
    """The order of an output of `shape` for images of size `image`; None where it is no map of such an image."""
    if len(shape) == 4 and fits((shape[2], shape[3]), image):
        return AxisOrder("maps", (shape[2], shape[3]))
    if len(shape) == 4 and fits((shape[1], shape[2]), image):
        return AxisOrder("channels_last", (shape[1], shape[2]))
    if len(shape) == 3:
        return _tokens(shape[1], image)
    return None


def _tokens(count: int, image: Size) -> AxisOrder | None:
    """Patches of a side that both sides of the image hold a whole number of times, after a few other tokens."""
    sides = range(1, max(image) + 1)
    # A side that divides both sides of the image comes first: 8 x 4 patches and 4 registers are not 9 x 4 patches.
    for side in sorted(sides, key=lambda side: image[0] % side + image[1] % side > 0):
        size = (image[0] // side, image[1] // side)
        skip = count - size[0] * size[1]
        if 0 <= skip <= MOST_PREFIX_TOKENS and skip < size[0] * size[1] and fits(size, image):
            return AxisOrder("tokens", size, skip)
    return None
