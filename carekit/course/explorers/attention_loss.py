"""The attention loss of one image: τ, λ, α and the size of the box under the learner's fingers."""

from collections.abc import Sequence
from typing import SupportsIndex

import numpy as np
import torch
from jaxtyping import Float
from matplotlib.figure import Figure

from carekit.course.explorers import scene
from carekit.course.explorers.controls import PAPER, PAPER_PRESETS, index, parameter
from carekit.course.explorers.frame import Explorer, packed
from carekit.course.explorers.overlay import Boxes
from carekit.data.prepared import Prepared
from carekit.method import boxes
from carekit.method.attention import inner_loss, outer_loss, reduce_mask
from carekit.research.figures import plots

MOST = 24  # images that are sent to the browser
PRESETS = PAPER_PRESETS | {"A tight box": PAPER | {"box_scale": 0.6}}


CAPTION = (
    "{?steps > 0}After {steps} step{?steps > 1}s{/}. {/}"
    "Mean activation inside the box {inside:.2f}, {?inside < tau}below{:}above{/} τ {tau:.2f}: "
    "L_in {l_in:.3f}, L_out {l_out:.3f}, L_a {l_a:.3f}, α L_a {weighted:.3f}."
)


def numbers(
    map_: Float[np.ndarray, "u v"],
    image_boxes: Boxes,
    size: int,
    tau: float,
    lam: float,
    alpha: float,
    box_scale: float,
) -> dict[str, float]:
    """Mean activation inside, L_in, L_out, L_a and α L_a of one image (Eqs. 4 to 7); map in [0, 1], boxes in pixels."""
    scaled = boxes.scale(np.asarray(image_boxes, float).reshape(-1, 4), box_scale, (size, size))
    m_in = torch.from_numpy(boxes.rasterise(scaled, (size, size)))[None].float()  # (1, s, s)
    inner, outer = (reduce_mask(mask, (map_.shape[0], map_.shape[1])) for mask in (m_in, 1 - m_in))  # (1, u, v)
    maps = torch.from_numpy(np.asarray(map_, np.float32))[None]
    # With τ = 1 the inner loss is never cut, so it is the mean activation itself.
    inside = -inner_loss(maps, inner, 1.0).item()
    l_in, l_out = -min(inside, tau), outer_loss(maps, outer).item()
    l_a = l_in + lam * l_out
    return {"inside": inside, "l_in": l_in, "l_out": l_out, "l_a": l_a, "weighted": alpha * l_a}


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
    for what, given in (("losses", class_losses), ("maps", maps)):
        if given is not None and len(given) != len(rows):
            raise ValueError(f"{len(given)} {what} do not belong to {len(rows)} images: give one for each")
    scene.check_boxed(data, rows[:MOST], "the loss needs")
    rows, maps = rows[:MOST], np.asarray(maps, np.float32)[:MOST]
    values = {"tau": tau, "lam": lam, "alpha": alpha, "box_scale": box_scale}
    sent = scene.sent(data, rows) | {"maps": packed(maps), "class_losses": None}
    if class_losses is not None:
        sent["class_losses"] = [float(loss) for loss in class_losses[:MOST]]
    explorer = Explorer(
        "attention_loss",
        "The attention loss of one image",
        CAPTION,
        [index("image", "Image", len(rows) - 1), *map(parameter, values)],
        {"image": 0, "steps": 0} | values,
        sent,
        presets=PRESETS,
        guess={"name": "l_a", "label": "L_a"},
    )
    shown = numbers(maps[0], sent["boxes"][0], data.size, **values)
    explorer.show(still(data, rows[0], maps[0], shown, tau, box_scale), shown | {"tau": tau, "steps": 0})
    return explorer


def still(
    data: Prepared, row: SupportsIndex, map_: np.ndarray, shown: dict[str, float], tau: float, box_scale: float
) -> Figure:
    """The map over the image, and where the image is on the knee of L_in at τ."""
    figure, axes = plots.grid(2, size=3)
    scaled = boxes.scale(data.checked_boxes(row), box_scale, (data.size, data.size))
    plots.draw_attention(axes[0, 0], data.read([row])[0], map_, scaled, "map of the true class")
    knee, x = axes[0, 1], np.linspace(0, 1, 101)
    knee.plot(x, -np.minimum(x, tau), color=plots.COLOURS[0])
    knee.plot([shown["inside"]], [shown["l_in"]], "o", color=plots.COLOURS[1], markersize=9)
    knee.set(xlabel="mean activation inside", title="The inner loss, and this image on it", ylim=(-1.05, 0.05))
    knee.set(xticks=[0, 0.5, 1], yticks=[-1, -0.5, 0])
    return figure
