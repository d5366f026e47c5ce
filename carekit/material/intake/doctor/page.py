"""A page that shows a prepared data set: what was understood, findings, some images of each class with their boxes."""

import html
import io
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from carekit.data.prepared import Prepared
from carekit.ground import page
from carekit.material.intake.doctor.examine import examine
from carekit.material.intake.preparing.command_line import PAGE, table, understood

COLUMNS = 8  # images of a class
THUMB = 112  # pixels
BINS = 10  # of the histogram of box areas


def write_page(folder: Path) -> None:
    """Write the page into the folder of a prepared data set."""
    data = Prepared.open(folder)
    body = [f"<pre>{html.escape(table(data))}</pre>", *map(page.paragraphs, understood(data)), "<h2>Findings</h2><ul>"]
    for finding in examine(folder).findings:
        body.append(f'<li class="{finding.level}">{finding.level}: {html.escape(finding.text)}</li>')
    body.append("</ul>")
    for name in data.classes:
        body += [f"<h2>{html.escape(name)}</h2>", *(_figure(data, row) for row in _rows(data, name))]
    page.write_page(folder / PAGE, data.facts["title"], "".join([*body, _areas(data)]))


def _rows(data: Prepared, name: str) -> list[int]:
    """Some images of a class, those with boxes first, no two of one group while there are others."""
    rows = np.flatnonzero(data.labels == data.classes.index(name))
    again = data.samples.group.iloc[rows].duplicated().to_numpy()
    bare = ~data.samples.image_id.iloc[rows].isin(data.boxes.image_id).to_numpy()
    return rows[np.lexsort((rows, again, bare))][:COLUMNS].tolist()


def _figure(data: Prepared, row: int) -> str:
    image = Image.fromarray(data.read([row])[0]).resize((THUMB, THUMB))
    draw = ImageDraw.Draw(image)
    for box in data.boxes_of(row) * (THUMB / data.size):
        x0, y0, x1, y1 = box.tolist()
        draw.rectangle((x0, y0, max(x0, x1 - 1), max(y0, y1 - 1)), outline=(255, 210, 0), width=2)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=85)
    name = f"{data.samples.image_id[row]} ({data.samples.split[row]})"
    picture = page.image(out.getvalue(), name, "jpeg")
    return f"<figure>{picture}<figcaption>{html.escape(name)}</figcaption></figure>"


def _areas(data: Prepared) -> str:
    """How large the boxes are, as shares of the image."""
    if data.boxes.empty:
        return ""
    sides = data.boxes[["x1", "y1"]].to_numpy() - data.boxes[["x0", "y0"]].to_numpy()
    counts, _ = np.histogram(sides.prod(axis=1) / data.size**2, BINS, (0, 1))
    rows = [
        f"<tr><td>{100 * i // BINS} to {100 * (i + 1) // BINS} %</td><td>{n}</td>"
        f'<td><span class="bar" style="width:{20 * n / counts.max():.1f}em"></span></td></tr>'
        for i, n in enumerate(counts.tolist())
    ]
    return f"<h2>Areas of the boxes, in shares of the image</h2><table>{''.join(rows)}</table>"
