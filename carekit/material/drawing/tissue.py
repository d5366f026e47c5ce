"""The colours of skin, from what it holds: light is dimmed by melanin, blood and keratin, and scattered back white.

The absorptions (of red, green and blue, as exponents), the skin tones and the amounts in each class are a model with a
few numbers. They were set by statistics measured on HAM10000 (Tschandl et al. 2018) with its lesion masks: mean and
covariance of the logarithm of the skin's colour, quantiles of the lesion's colour over the skin's, of its contrast and
size, for each class. No picture is part of it.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from carekit.material.drawing.canvas import coordinates, smooth_step
from carekit.material.drawing.texture import cells, cloud, window

MELANIN, BLOOD, KERATIN = ((0.36, 0.86, 0.98), (0.25, 1.0, 0.56), (0.08, 0.22, 0.55))
WHITE, BLUE_GREY = (0.97, 0.88, 0.90), (0.42, 0.45, 0.58)
_LIGHT = np.array([-0.22, -0.45, -0.40])  # mean logarithm of light skin
_SPREAD = np.array([[0.083, 0.137, 0.139], [0.083, -0.007, -0.042], [0.011, -0.034, 0.027]])  # brightness, warmth, tint


@dataclass
class Tissue:
    """What a lesion holds, each (h, w) and zero outside: amounts of absorbers, opacity of white and blue-grey."""

    melanin: Float[np.ndarray, "h w"]
    blood: Float[np.ndarray, "h w"]
    keratin: Float[np.ndarray, "h w"]
    white: Float[np.ndarray, "h w"]
    blue: Float[np.ndarray, "h w"]

    def within(self, body: Float[np.ndarray, "h w"]) -> "Tissue":
        """The same, faded to nothing where body is 0."""
        return Tissue(*(np.maximum(part, 0) * body for part in vars(self).values()))


def skin(rng: np.random.Generator, size: int) -> Float[np.ndarray, "s s 3"]:
    """Skin without a lesion: a tone, fine furrows, blotches of blood and melanin, freckles."""
    tone = _LIGHT + rng.normal(size=3).clip(-2, 2) @ _SPREAD
    if rng.random() < 0.08:  # Fitzpatrick V and VI are rare in the published sets
        tone -= rng.uniform(0.4, 1.1) * np.array((0.55, 0.78, 0.88))
    damage = min(1.6, rng.gamma(0.6, 0.6))  # by the sun
    blotches = cloud(rng, size, 3.0, 1.2)
    blood = (0.015 + 0.032 * damage) * blotches + rng.uniform(0.0, 0.03) * np.abs(cloud(rng, size, 8.0, 0.5))
    brown = (0.012 + 0.04 * damage) * cloud(rng, size, 5.0, 1.2)
    if rng.random() < 0.5:
        brown += rng.uniform(0.05, 0.35) * (cloud(rng, size, 8.0, 1.2) - rng.uniform(1.6, 2.6)).clip(0, 1)
    if rng.random() < 0.2:
        brown += rng.uniform(0.05, 0.22) * smooth_step(cloud(rng, size, 3.0, 1.2) - rng.uniform(1.2, 2.0), 1.0)
    furrows = window(cells(size, (30, 42)[rng.integers(2)]), rng)[..., 0]
    grain = rng.uniform(0.0, 0.05) * furrows + rng.uniform(0.004, 0.02) * cloud(rng, size, 14.0, 0.5)
    return np.exp(tone.astype(np.float32) + grain[..., None] - absorbed((MELANIN, brown), (BLOOD, blood)))


def absorbed(*pairs: tuple[tuple[float, float, float], np.ndarray]) -> Float[np.ndarray, "h w 3"]:
    """Exponents by which amounts (h, w) of absorbers dim red, green and blue."""
    colours = np.array([colour for colour, _ in pairs], np.float32)
    return np.stack([amount for _, amount in pairs], -1).astype(np.float32) @ colours


def stain(image: np.ndarray, tissue: Tissue) -> None:
    """Show the tissue on the skin (h, w, 3), in place."""
    image *= np.exp(-absorbed((MELANIN, tissue.melanin), (BLOOD, tissue.blood), (KERATIN, tissue.keratin)))
    around = image.mean((0, 1))
    for colour, opacity in ((BLUE_GREY, tissue.blue), (WHITE, tissue.white)):
        seen = np.asarray(colour, np.float32) * min(1.0, 0.45 + 0.75 * float(around.max()))
        image += opacity.clip(0, 1)[..., None] * (0.75 * seen + 0.25 * around - image)  # through some skin


def light(image: np.ndarray, rng: np.random.Generator) -> None:
    """Uneven light, in place: a slope and darker corners."""
    x, y = (axis.astype(np.float32) - np.float32(0.5) for axis in coordinates(len(image)))
    turn, slope, fall = rng.uniform(0, 2 * np.pi), abs(rng.normal(0, 0.12)), abs(rng.normal(0.1, 0.2))
    image *= (1 + slope * (np.cos(turn) * x + np.sin(turn) * y) - fall * (x * x + y * y)).astype(np.float32)[..., None]
