"""Small sources made of pictures that were never taken."""

import io

import numpy as np
import pytest
from PIL import Image

WIDTH, HEIGHT = 40, 30


def encode(array, kind="PNG", **options):
    out = io.BytesIO()
    Image.fromarray(array).save(out, kind, **options)
    return out.getvalue()


@pytest.fixture
def own(tmp_path):
    """A folder of 24 pictures of two classes, two of each patient, with one box each in boxes.csv."""
    root, rng = tmp_path / "own", np.random.default_rng(0)
    (root / "images").mkdir(parents=True)
    labels, boxes = ["image,label,group"], ["image,x0,y0,x1,y1"]
    for i in range(24):
        image = np.full((HEIGHT, WIDTH, 3), rng.integers(60, 200, 3), np.uint8)
        (root / "images" / f"p{i:02d}.png").write_bytes(encode(image))
        labels.append(f"p{i:02d}.png,{'common' if i % 3 else 'rare'},patient{i // 6}-{i % 3}")
        boxes.append(f"p{i:02d}.png,10,6,30,24")
    (root / "labels.csv").write_text("\n".join(labels) + "\n")
    (root / "boxes.csv").write_text("\n".join(boxes) + "\n")
    return root
