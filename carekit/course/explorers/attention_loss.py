"""The attention loss of one image: τ, λ, α and the size of the box under the learner's fingers."""

from collections.abc import Sequence
from typing import SupportsIndex

import numpy as np
import torch
from jaxtyping import Float
from matplotlib.figure import Figure
from torch import Tensor

from carekit.course.explorers import scene
from carekit.course.explorers.controls import PAPER, PAPER_PRESETS, index, parameter
from carekit.course.explorers.frame import Explorer, packed
from carekit.course.explorers.overlay import Boxes
from carekit.data.prepared import Prepared
from carekit.method import boxes
from carekit.method.attention import inner_loss, outer_loss, reduce_mask
from carekit.research.figures import plots

MOST = 24  # images that are sent to the browser
STEP = 0.02  # what a step at α = 1 moves a cell by, if the gradient is the same in all
PRESETS = PAPER_PRESETS | {"A tight box": PAPER | {"box_scale": 0.6}}


def losses(
    map_: Float[np.ndarray, "u v"],
    image_boxes: Boxes,
    size: int,
    tau: float,
    lam: float,
    alpha: float,
    box_scale: float,
) -> dict[str, float]:
    """Mean activation inside, L_in, L_out, L_a and α L_a of one image (Eqs. 4 to 7); map in [0, 1], boxes in pixels."""
    m_in, m_out = _masks(image_boxes, size, box_scale, map_.shape)
    maps = torch.from_numpy(np.asarray(map_, np.float32))[None]
    inside = -inner_loss(maps, m_in, 1.0).item()
    l_out = outer_loss(maps, m_out).item()
    l_in = -min(inside, tau)
    l_a = l_in + lam * l_out
    return {"inside": inside, "l_in": l_in, "l_out": l_out, "l_a": l_a, "weighted": alpha * l_a}


def stepped(
    map_: Float[np.ndarray, "u v"],
    image_boxes: Boxes,
    size: int,
    tau: float,
    lam: float,
    alpha: float,
    box_scale: float,
    steps: int,
) -> Float[np.ndarray, "u v"]:
    """The map after some gradient steps of α L_a on its cells, as if these were free; they stay in [0, 1].

    With the masks m reduced to the map's size and divided by their sums, ∂L_a / ∂F = λ m_out - [inside < τ] m_in.
    """
    masks = _masks(image_boxes, size, box_scale, map_.shape)
    inner, outer = (mask[0].double().numpy() for mask in masks)
    inner, outer = inner / inner.sum(), outer / (outer.sum() or 1)
    moved = np.asarray(map_, float)
    for _ in range(steps):
        gradient = lam * outer - ((inner * moved).sum() < tau) * inner
        moved = np.clip(moved - STEP * map_.size * alpha * gradient, 0, 1)
    return moved.astype(np.float32)


def _masks(image_boxes: Boxes, size: int, box_scale: float, shape: tuple[int, ...]) -> list[Float[Tensor, "1 u v"]]:
    """M_in and M_out of an image's scaled boxes, at the size of the map."""
    scaled = boxes.scale(np.asarray(image_boxes, float).reshape(-1, 4), box_scale, (size, size))
    m_in = torch.from_numpy(boxes.rasterise(scaled, (size, size)))[None].float()
    u, v = shape
    return [reduce_mask(mask, (u, v)) for mask in (m_in, 1 - m_in)]


def words(numbers: dict[str, float], tau: float, steps: int = 0) -> str:
    """The numbers in a sentence."""
    after = f"After {steps} step{'s' if steps > 1 else ''}. " if steps else ""
    side = "below" if numbers["inside"] < tau else "above"
    figures = ", ".join(
        f"{name} {numbers[key]:.3f}"
        for name, key in (("L_in", "l_in"), ("L_out", "l_out"), ("L_a", "l_a"), ("α L_a", "weighted"))
    )
    return f"{after}Mean activation inside the box {numbers['inside']:.2f}, {side} τ {tau:.2f}: {figures}."


def explore_attention_loss(
    data: Prepared,
    rows: np.ndarray,
    maps: Float[np.ndarray, "n u v"],
    *,
    tau: float = 0.7,
    lam: float = 1.0,
    alpha: float = 0.5,
    box_scale: float = 1.0,
    class_losses: Sequence[float] | np.ndarray | None = None,
) -> Explorer:
    """Show the explorer of the attention loss, Eqs. 4 to 7, with steps that move the map down its gradient.

    Args:
        data: where the images are.
        rows: numbers of images of `data` that have a box; the first 24 are sent.
        maps: their normalised maps, in [0, 1].
        tau: in (0, 1]: the mean activation inside from which on L_in asks for no more.
        lam: λ, the weight of L_out.
        alpha: α in [0, 1), the weight of L_a.
        box_scale: a factor of the boxes' sides.
        class_losses: of each image its classification loss L_c, for bars of both parts of Eq. 4.

    Raises:
        ValueError: where an image has no box, and for more or fewer maps or losses than images.
    """
    if class_losses is not None and len(class_losses) != len(rows):
        raise ValueError(f"{len(class_losses)} losses do not belong to {len(rows)} images: give one for each")
    if len(maps) != len(rows):
        raise ValueError(f"{len(maps)} maps do not belong to {len(rows)} images: give one for each")
    scene.check_boxed(data, rows[:MOST], "the loss needs")
    rows, maps = rows[:MOST], np.asarray(maps, np.float32)[:MOST]
    values = {"tau": tau, "lam": lam, "alpha": alpha, "box_scale": box_scale}
    known = None if class_losses is None else [float(each) for each in class_losses[:MOST]]
    sent = scene.sent(data, rows) | {"maps": packed(maps), "class_losses": known}
    explorer = Explorer(
        "attention_loss",
        "The attention loss of one image",
        [index("image", "Image", len(rows) - 1), *map(parameter, values)],
        {"image": 0, "steps": 0} | values,
        sent,
        presets=PRESETS,
        guess={"name": "l_a", "label": "L_a"},
    )
    numbers = losses(maps[0], sent["boxes"][0], data.size, **values)
    explorer.show(_still(data, rows[0], maps[0], numbers, tau, box_scale), words(numbers, tau))
    return explorer


def _still(
    data: Prepared, row: SupportsIndex, map_: np.ndarray, numbers: dict[str, float], tau: float, box_scale: float
) -> Figure:
    figure, axes = plots.grid(2, size=3)
    scaled = boxes.scale(data.checked_boxes(row), box_scale, (data.size, data.size))
    plots.draw_attention(axes[0, 0], data.read([row])[0], map_, scaled, "map of the true class")
    knee, x = axes[0, 1], np.linspace(0, 1, 101)
    knee.plot(x, -np.minimum(x, tau), color=plots.COLOURS[0])
    knee.plot([numbers["inside"]], [numbers["l_in"]], "o", color=plots.COLOURS[1], markersize=9)
    knee.set(xlabel="mean activation inside", title="$L_{in}$ and this image", ylim=(-1.05, 0.05))
    knee.set(xticks=[0, 0.5, 1], yticks=[-1, -0.5, 0])
    return figure
