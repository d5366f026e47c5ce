"""The attention loss of one image: τ, λ, α and the size of the box under the learner's fingers."""

from typing import SupportsIndex

import numpy as np
import torch
from jaxtyping import Float
from matplotlib.figure import Figure

from carekit import boxes
from carekit.attention import inner_loss, outer_loss, reduce_mask
from carekit.data.prepared import Prepared
from carekit.explorers.frame import Explorer, packed, slider
from carekit.lessons import plots

MOST = 24  # images that are sent to the browser
PRESETS = {
    "The paper's values": {"tau": 0.7, "lam": 1.0, "alpha": 0.5, "scale": 1.0},
    "τ too small": {"tau": 0.2, "scale": 1.0},
    "A loose box": {"tau": 0.7, "scale": 1.5},
    "A tight box": {"tau": 0.7, "scale": 0.6},
}
SLIDERS = {
    "tau": slider("tau", "τ", 0.05, 1.0, 0.01, "tau"),
    "lam": slider("lam", "λ", 0.0, 2.0, 0.05, "lam"),
    "alpha": slider("alpha", "α", 0.0, 0.95, 0.05, "alpha"),
    "scale": slider("scale", "Box scale", 0.5, 1.5, 0.05, "box_scale"),
}


def losses(
    map_: Float[np.ndarray, "u v"], image_boxes, size: int, tau: float, lam: float, alpha: float, scale: float
) -> dict[str, float]:
    """Mean activation inside, L_in, L_out, L_a and α L_a of one image (Eqs. 4 to 7); map in [0, 1], boxes in pixels."""
    scaled = boxes.scale(np.asarray(image_boxes, float).reshape(-1, 4), scale, (size, size))
    m_in = torch.from_numpy(boxes.rasterise(scaled, (size, size)))[None].float()
    maps = torch.from_numpy(np.asarray(map_, np.float32))[None]
    inside = -inner_loss(maps, reduce_mask(m_in, maps.shape[1:]), 1.0).item()
    l_out = outer_loss(maps, reduce_mask(1 - m_in, maps.shape[1:])).item()
    l_in = -min(inside, tau)
    l_a = l_in + lam * l_out
    return {"inside": inside, "l_in": l_in, "l_out": l_out, "l_a": l_a, "weighted": alpha * l_a}


def words(numbers: dict[str, float], tau: float) -> str:
    """The numbers in a sentence."""
    side = "below" if numbers["inside"] < tau else "above"
    figures = ", ".join(
        f"{name} {numbers[key]:.3f}"
        for name, key in (("L_in", "l_in"), ("L_out", "l_out"), ("L_a", "l_a"), ("α L_a", "weighted"))
    )
    return f"Attention inside the box {numbers['inside']:.2f}, {side} τ {tau:.2f}: {figures}."


def explore_loss(
    data: Prepared, rows: np.ndarray, maps: Float[np.ndarray, "n u v"], *, tau=0.7, lam=1.0, alpha=0.5, scale=1.0
) -> Explorer:
    """Show the explorer for images `rows` of the data and their normalised maps; the first 24 of them are sent.

    Raises ValueError where an image has no box, and for more or fewer maps than images.
    """
    if len(maps) != len(rows):
        raise ValueError(f"{len(maps)} maps do not belong to {len(rows)} images: give one for each")
    rows, maps = rows[:MOST], np.asarray(maps, np.float32)[:MOST]
    all_boxes = [data.boxes_of(i).tolist() for i in rows]
    if not rows.size or not all(all_boxes):
        raise ValueError("the loss needs images that have a box: choose some with lesson.rare_rows")
    defaults = {"image": 0, "tau": tau, "lam": lam, "alpha": alpha, "scale": scale}
    controls = [slider("image", "Image", 0, len(rows) - 1, 1), *SLIDERS.values()]
    scene = {
        "size": data.size,
        "images": packed(data.read(rows)),
        "maps": packed(maps),
        "boxes": all_boxes,
        "names": [f"{data.classes[data.labels[i]]}, image {i}" for i in rows],
    }
    guess = {"name": "l_a", "label": "L_a"}
    explorer = Explorer(
        "loss", "The attention loss of one image", controls, defaults, scene, presets=PRESETS, guess=guess
    )
    numbers = losses(maps[0], all_boxes[0], data.size, tau, lam, alpha, scale)
    explorer.show(_still(data, rows[0], maps[0], numbers, tau, scale), words(numbers, tau))
    return explorer


def _still(
    data: Prepared, row: SupportsIndex, map_: np.ndarray, numbers: dict[str, float], tau: float, scale: float
) -> Figure:
    figure, axes = plots.grid(2, size=3)
    scaled = boxes.scale(data.boxes_of(row), scale, (data.size, data.size))
    plots.draw_attention(axes[0, 0], data.read([row])[0], map_, scaled, "map of the true class")
    knee, x = axes[0, 1], np.linspace(0, 1, 101)
    knee.plot(x, -np.minimum(x, tau), color=plots.COLOURS[0])
    knee.plot([numbers["inside"]], [numbers["l_in"]], "o", color=plots.COLOURS[1], markersize=9)
    knee.set(xlabel="mean activation inside", title="$L_{in}$ and this image", ylim=(-1.05, 0.05))
    knee.set(xticks=[0, 0.5, 1], yticks=[-1, -0.5, 0])
    return figure
