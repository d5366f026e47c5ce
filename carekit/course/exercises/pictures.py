"""The difference between an answer and the right one, as a picture."""

import base64

import numpy as np

from carekit.research.figures import plots, show


def difference(found: np.ndarray | None, expected: np.ndarray) -> str:
    """HTML with both arrays and their difference, zero in white; nothing for what is no picture."""
    if found is None or found.shape != expected.shape or expected.ndim not in (2, 3) or min(expected.shape[-2:]) < 2:
        return ""
    pairs = list(zip(found.reshape(-1, *found.shape[-2:]), expected.reshape(-1, *expected.shape[-2:]), strict=True))
    mine, right = next(((a, b) for a, b in pairs if not np.allclose(a, b, equal_nan=True)), pairs[0])
    change = np.nan_to_num(mine) - right
    most, largest = max(float(np.abs(right).max()), 1e-9), max(float(np.abs(change).max()), 1e-9)
    figure, axes = plots.grid(3, size=1.7)
    for panel, picture, title in zip(axes[0], (mine, right), ("yours", "right"), strict=False):
        panel.imshow(picture, cmap=plots.MAP, vmin=min(0.0, float(right.min())), vmax=most)
        panel.set_title(title, fontsize=9)
    axes[0, 2].imshow(change, cmap="RdBu_r", vmin=-largest, vmax=largest)
    axes[0, 2].set_title("yours - right", fontsize=9)
    source = base64.b64encode(show.png(figure)).decode()
    where = int((~np.isclose(mine, right)).sum())
    alt = f"Your answer, the right one and their difference: {where} of {right.size} places differ"
    return f'<img alt="{alt}" src="data:image/png;base64,{source}">'
