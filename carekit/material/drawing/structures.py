"""What defines each class: the tissue inside its lesions, after the hallmarks of dermoscopy, simplified.

Each function draws the Tissue of a lesion; it is zero outside. Amounts overlap between classes. Sources for the
hallmarks: Kittler et al., Standardization of terminology in dermoscopy, J. Am. Acad. Dermatol. 2016.
"""

import numpy as np

from carekit.material.drawing.canvas import smooth_step
from carekit.material.drawing.outline import Outline
from carekit.material.drawing.strokes import chain, curve, dots
from carekit.material.drawing.texture import cells, cloud, window
from carekit.material.drawing.tissue import Tissue

Amount = float | np.ndarray  # a number, or a field over the lesion


def _cloud(lesion: Outline, rng: np.random.Generator, coarsest: float = 2.0, slope: float = 1.2) -> np.ndarray:
    return lesion.cut(cloud(rng, lesion.size, coarsest, slope))


def _zone(
    lesion: Outline, rng: np.random.Generator, share: float, coarsest: float = 2.0, sharp: float = 0.8
) -> np.ndarray:
    """A patch in [0, 1] of roughly that share of the lesion, to one side, with clouded borders."""
    turn = rng.uniform(0, 2 * np.pi)
    away = np.float32(np.cos(turn)) * lesion.u + np.float32(np.sin(turn)) * lesion.v
    return smooth_step(_cloud(lesion, rng, coarsest, 1.6) + away + 2.8 * (share - 0.5), sharp)


def _cells(lesion: Outline, rng: np.random.Generator, density: int) -> np.ndarray:
    """Lines, middles and numbers (3, h, w) of a tessellation."""
    return np.moveaxis(lesion.cut(window(cells(lesion.size, density), rng)), 2, 0)


def _network(lesion: Outline, rng: np.random.Generator, density: int) -> np.ndarray:
    """Fine meshes in [0, 1] that come and go."""
    lines, _, _ = _cells(lesion, rng, density)
    return lines * smooth_step(_cloud(lesion, rng, 3.0) + 0.2, 1.5)


def _scatter(
    lesion: Outline,
    rng: np.random.Generator,
    n: int | np.integer,
    low: float,
    high: float,
    soft: float,
    reach: float = 0.75,
) -> np.ndarray:
    """Dots at random in the lesion, radii in images, opacity in [0, 1]."""
    angle, distance = rng.uniform(0, 2 * np.pi, n), reach * np.sqrt(rng.random(n)) * lesion.radius
    x = lesion.centre[0] + distance * np.cos(angle)
    y = lesion.centre[1] + distance * np.sin(angle)
    return lesion.cut(dots(lesion.size, x, y, rng.uniform(low, high, n), soft))


def _tissue(
    lesion: Outline,
    melanin: Amount = 0.0,
    blood: Amount = 0.0,
    keratin: Amount = 0.0,
    white: Amount = 0.0,
    blue: Amount = 0.0,
) -> Tissue:
    """Amounts as numbers or fields, faded at the border."""
    amounts = (melanin, blood, keratin, white, blue)
    fields = (np.broadcast_to(np.float32(amount), lesion.depth.shape) for amount in amounts)
    return Tissue(*fields).within(smooth_step(lesion.depth - 0.35 * lesion.edge, lesion.edge))


def _amount(rng: np.random.Generator, median: float, spread: float) -> float:
    return median * np.exp(spread * rng.normal())


def _scale(lesion: Outline, rng: np.random.Generator, often: float) -> np.ndarray | float:
    """Dry white lines and flakes, here and there, in some lesions."""
    if rng.random() > often:
        return 0.0
    fine = smooth_step(0.22 - np.abs(_cloud(lesion, rng, 8.0, 1.2)), 0.2)
    return rng.uniform(0.3, 0.75) * fine * smooth_step(_cloud(lesion, rng, 3.0) - rng.uniform(0.3, 1.3), 0.5)


def nevus(lesion: Outline, rng: np.random.Generator) -> Tissue:
    """Even brown, darker or paler in the middle, with a fine regular network or globules."""
    brown, mottle = _amount(rng, 0.72, 0.5), rng.uniform(0.06, 0.22)
    melanin = brown * (1 + mottle * _cloud(lesion, rng, 2.0, 1.2) + rng.uniform(-0.4, 0.7) * (lesion.depth - 0.4))
    if rng.random() < 0.75:
        melanin = melanin * (1 + rng.uniform(0.1, 0.8) * (_network(lesion, rng, (24, 30, 42)[rng.integers(3)]) - 0.25))
    else:
        melanin = melanin + rng.uniform(0.1, 0.3) * _scatter(lesion, rng, rng.integers(20, 60), 0.006, 0.014, 0.8)
    blood = rng.gamma(1.0, 0.09) * (1 + 0.3 * _cloud(lesion, rng, 2.0))
    return _tissue(lesion, melanin, blood, rng.uniform(0, 0.5))


def melanoma(lesion: Outline, rng: np.random.Generator) -> Tissue:
    """Many colours: light and dark brown, black, red, blue-white veil; a coarse broken network, streaks, dots."""
    melanin = _amount(rng, 0.25, 0.9) * (1 + 0.25 * _cloud(lesion, rng, 2.0, 1.2))
    melanin = melanin + rng.uniform(0.0, 0.8) * _zone(lesion, rng, rng.uniform(0.2, 0.7))
    black = rng.gamma(0.9, 0.95) * _zone(lesion, rng, rng.uniform(0.0, 0.6), 2.0, rng.uniform(0.5, 1.4))
    melanin = (melanin + black) * (1 + rng.uniform(0.05, 0.5) * (_network(lesion, rng, 24) - 0.25))
    melanin = melanin + rng.uniform(0.2, 0.8) * _scatter(lesion, rng, rng.integers(3, 25), 0.004, 0.012, 0.8, 0.9)
    blood = rng.gamma(1.0, 0.05) + rng.uniform(0, 0.4) * _zone(lesion, rng, rng.uniform(0, 0.4))
    veil = max(0.0, rng.uniform(-0.2, 0.55)) * _zone(lesion, rng, rng.uniform(0.0, 0.45), 2.0, 1.5)
    veil = veil * (1 + 0.25 * _cloud(lesion, rng, 5.0, 0.9))
    scar = max(0.0, rng.uniform(-0.3, 0.35)) * _zone(lesion, rng, rng.uniform(0.0, 0.3), 5.0, 1.3)
    white = np.maximum(scar, _scale(lesion, rng, 0.25))
    return _tissue(lesion, melanin, blood, rng.gamma(1.5, 0.22) * np.minimum(1, melanin + 0.4), white, veil)


def keratosis(lesion: Outline, rng: np.random.Generator) -> Tissue:
    """Waxy, yellowish or grey-brown, stuck on; white cysts, dark openings, furrows."""
    melanin = _amount(rng, 0.16, 1.0) * (1 + 0.3 * _cloud(lesion, rng, 2.0, 0.9))
    ridges = smooth_step(0.35 - np.abs(_cloud(lesion, rng, 8.0, 1.2)), 0.5)
    melanin = melanin + rng.uniform(0.0, 0.3) * ridges
    openings = _scatter(lesion, rng, rng.integers(2, 16), 0.005, 0.013, 0.5)
    melanin = melanin + rng.uniform(0.1, 0.9) * openings
    keratin = _amount(rng, 0.25, 0.9) * (1 + 0.4 * _cloud(lesion, rng, 3.0, 0.9)) + 0.6 * openings
    cysts = rng.uniform(0.1, 0.65) * _scatter(lesion, rng, rng.integers(3, 22), 0.004, 0.011, 0.8)
    wax = rng.uniform(0, 0.18) * smooth_step(_cloud(lesion, rng, 8.0, 0.5) - 0.3, 1.0)
    grey = rng.uniform(0, 0.35) * _zone(lesion, rng, rng.uniform(0, 0.5), 5.0, 0.8)
    return _tissue(lesion, melanin, rng.gamma(1.0, 0.09), keratin, np.maximum(cysts, wax), grey)


def basal_cell(lesion: Outline, rng: np.random.Generator) -> Tissue:
    """Pink and pearly, with sharp branching vessels, blue-grey nests, at times an ulcer."""
    blood = _amount(rng, 0.19, 0.6) * (1 + 0.35 * _cloud(lesion, rng, 2.0, 1.2))
    blood = blood + rng.uniform(0.25, 0.8) * _vessels(lesion, rng)
    pearl = rng.uniform(0, 0.35) * _zone(lesion, rng, rng.uniform(0.1, 0.6), 3.0, 1.3)
    melanin = rng.gamma(0.8, 0.35) * _zone(lesion, rng, rng.uniform(0, 0.35), 3.0, 1.4)
    nests = _scatter(lesion, rng, rng.integers(0, 9), 0.012, 0.05, 1.2)
    nests = smooth_step(nests + 0.2 * _cloud(lesion, rng, 5.0, 1.6) - 0.5, 0.5) * rng.uniform(0.2, 0.7)
    if rng.random() < 0.25:
        ulcer = _zone(lesion, rng, rng.uniform(0, 0.1), 3.0, rng.uniform(0.3, 0.8))
        ulcer = ulcer * (1 + 0.3 * _cloud(lesion, rng, 5.0, 0.9))
        blood, melanin = blood + rng.uniform(0.4, 1.0) * ulcer, melanin + rng.uniform(0, 0.6) * ulcer
    return _tissue(
        lesion, melanin + 0.2 * nests, blood, rng.gamma(1.0, 0.14), np.maximum(pearl, _scale(lesion, rng, 0.4)), nests
    )


def _vessels(lesion: Outline, rng: np.random.Generator) -> np.ndarray:
    """Tree-like vessels that thin out, opacity in [0, 1]."""
    branches, radius = [], lesion.radius  # nodes and width of each
    for _ in range(rng.integers(1, 6)):
        heading, width = rng.uniform(0, 2 * np.pi), rng.uniform(0.0026, 0.0055)
        start = lesion.centre + radius * rng.uniform(-0.6, 0.6, 2)
        nodes = curve(start, heading, radius * rng.uniform(0.5, 1.3), rng.normal(0, 0.8), 0.3, rng)
        branches.append((nodes, width))
        for at in rng.integers(2, 10, rng.integers(1, 5)):
            away = heading + rng.choice((-1, 1)) * rng.uniform(0.5, 1.2)
            branches.append((curve(nodes[at], away, 0.4 * radius, 0.0, 0.35, rng, 8), 0.6 * width))
    columns, rows, widths = [], [], []
    for nodes, width in branches:
        x, y, along = chain(lesion.size, nodes)
        columns.append(x)
        rows.append(y)
        widths.append(width * (1 - 0.6 * along))  # thinner to the end
    return lesion.cut(dots(lesion.size, np.concatenate(columns), np.concatenate(rows), np.concatenate(widths)))


def actinic(lesion: Outline, rng: np.random.Generator) -> Tissue:
    """Pink-red without clear bounds: a red net around pale follicles, white or yellow scale, some brown."""
    net, pores, _ = _cells(lesion, rng, (16, 24)[rng.integers(2)])
    blood = _amount(rng, 0.2, 0.45) * (1 + 0.35 * _cloud(lesion, rng, 2.0, 1.2) + rng.uniform(0.0, 0.6) * (net - 0.3))
    melanin = rng.gamma(0.8, 0.25) * _zone(lesion, rng, rng.uniform(0.1, 0.5), 5.0, 1.2)
    flakes = smooth_step(_cloud(lesion, rng, 5.0, 1.2) - rng.uniform(0.8, 2.2), 0.6) * rng.uniform(0.0, 0.65)
    pale = rng.uniform(0, 0.25) * pores
    keratin = rng.gamma(1.0, 0.14) + rng.uniform(0, 0.6) * smooth_step(_cloud(lesion, rng, 3.0, 1.2) - 1.0, 0.6)
    return _tissue(lesion, melanin, blood, keratin, np.maximum(np.maximum(flakes, pale), _scale(lesion, rng, 0.4)))


def vascular(lesion: Outline, rng: np.random.Generator) -> Tissue:
    """Crimson, purple to blue-black, well bounded: lakes of blood between pale septa."""
    septa, _, tone = _cells(lesion, rng, (9, 16, 24)[rng.integers(3)])
    lakes = rng.uniform(0.05, 0.5) * tone * (1 - septa) + 0.2 * _cloud(lesion, rng, 3.0)
    clear = 0.0
    if rng.random() < 0.6:
        clear = rng.uniform(0.0, 0.75)
    blood = _amount(rng, 0.82, 0.5) * (1 + lakes) * (1 - clear * septa)
    dark = rng.gamma(0.6, 0.9) * _zone(lesion, rng, rng.uniform(0.2, 0.8), 2.0, 1.5) * (1 - 0.7 * clear * septa)
    lilac = max(0.0, rng.uniform(-0.2, 0.35)) * smooth_step(_cloud(lesion, rng, 3.0), 1.4)
    white = np.maximum(rng.uniform(0.0, 0.4) * clear * septa, _scale(lesion, rng, 0.3))
    return _tissue(lesion, 0.8 * dark, blood + 0.4 * dark, rng.uniform(0.0, 0.12), white, lilac + 0.12 * dark)


def fibroma(lesion: Outline, rng: np.random.Generator) -> Tissue:
    """Pink-tan fading out, a white patch in the middle, a fine network around it."""
    rim = smooth_step(0.7 - lesion.depth, 0.3)
    melanin = _amount(rng, 0.22, 0.5) * (0.35 + rim) * (1 + 0.3 * _cloud(lesion, rng, 3.0, 0.9))
    melanin = melanin + rng.uniform(0.05, 0.3) * rim * _network(lesion, rng, 42)
    blood = _amount(rng, 0.17, 0.5) * (1 + 0.35 * _cloud(lesion, rng, 2.0, 0.9))
    patch = lesion.depth - rng.uniform(0.35, 0.6) + 0.12 * _cloud(lesion, rng, 2.0, 1.2)
    patch = smooth_step(patch, rng.uniform(0.2, 0.4)) * (1 + 0.2 * _cloud(lesion, rng, 5.0, 0.9))
    white = 0.0
    if rng.random() < 0.93:
        white = rng.uniform(0.5, 0.9)
    return _tissue(lesion, melanin, blood, rng.uniform(0, 0.3), white * patch)
