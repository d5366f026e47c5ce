"""Small pictures of all images of the ink test, and which of them each model calls the rarest class."""

import base64
import io
from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Int
from PIL import Image

from carekit.data.prepared import Prepared
from carekit.research.setting.ink_pair import InkAnswers, Pair

SIDE, COLUMNS = 26, 36  # pixels of a small picture, and how many are in a row
MOST = 720  # small pictures that are sent; what there is beyond is counted, but not shown
TURNED = 7  # images that the explorer starts with, since the ink turns them


def turned_first(seen: Mapping[str, InkAnswers], by_rule: Int[np.ndarray, " n"]) -> Int[np.ndarray, " m"]:
    """The rows of `by_rule`, after the first images, in test order, whose answer the ink turns for the first model.

    These are at most 7 images of other classes that the first model calls the rarest one with the ink and not without
    it. Where there are some that no other model calls so with the ink, only those count.
    """
    ordinary, *others = seen.values()
    turned = ordinary.others & ordinary.marked & ~ordinary.clean
    alone = turned & ~np.any([other.marked for other in others] or [np.zeros_like(turned)], axis=0)
    if alone.any():
        turned = alone
    rows = [*np.flatnonzero(turned)[:TURNED], *by_rule]
    return np.array(list(dict.fromkeys(rows)), int)


def thumbnails(pair: Pair, seen: Mapping[str, InkAnswers]) -> dict[str, Any]:
    """For the browser: sheets of the other classes' images, clean and with ink, and the places that are called rare."""
    others = np.flatnonzero(next(iter(seen.values())).others)[:MOST]
    called = [
        [np.flatnonzero(of_model.clean[others]).tolist(), np.flatnonzero(of_model.marked[others]).tolist()]
        for of_model in seen.values()
    ]
    sheets = [sheet(data, others) for data in (pair.clean, pair.marked)]
    return {"side": SIDE, "columns": COLUMNS, "count": len(others), "sheets": sheets, "called": called}


def sheet(data: Prepared, rows: Int[np.ndarray, " n"]) -> str:
    """Small pictures of some images, in rows of 36, as the address of one JPEG."""
    whole = Image.new("RGB", (COLUMNS * SIDE, -(-len(rows) // COLUMNS) * SIDE), "white")
    for place, row in enumerate(rows):
        small = Image.fromarray(data.read([row])[0]).resize((SIDE, SIDE), Image.Resampling.BOX)
        whole.paste(small, (place % COLUMNS * SIDE, place // COLUMNS * SIDE))
    buffer = io.BytesIO()
    whole.save(buffer, "JPEG", quality=80)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode()}"
