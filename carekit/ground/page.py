"""HTML pages that need nothing from the network: one way to write them, one style sheet."""

import base64
import html
from pathlib import Path

from carekit.ground.folders import whole_file

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 66em; margin: 2em auto; padding: 0 1em }
body { color: #111; background: #fff } small { color: #555 } .error { color: #a00 } pre, div { overflow-x: auto }
img { max-width: 100%; background: #fff } ul.plain { list-style: none; padding: 0 }
table { display: block; overflow-x: auto; border-collapse: collapse }
th, td { padding: .2em .8em .2em 0; border-bottom: 1px solid #ccc; text-align: left }
.numbers th, .numbers td { text-align: right; font-size: 14px }
.numbers tbody th { text-align: left; white-space: nowrap }
figure { display: inline-block; width: 112px; margin: 0 .4em .4em 0 }
figcaption { font-size: .75em; overflow-wrap: anywhere }
.bar { display: inline-block; height: .8em; background: #2a78b5 }
@media (prefers-color-scheme: dark) {
  body { background: #111; color: #eee } small { color: #aaa } a { color: #8cf } .error { color: #f99 }
}
"""


def write_page(path: Path, title: str, body: str) -> Path:
    """Write a page, whole or not at all.

    Args:
        path: of the HTML file.
        title: its heading, as text.
        body: HTML below the heading.

    Returns:
        The path.

    Raises:
        OSError: if it cannot be written.
    """
    heading = html.escape(title)
    page = f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{heading}</title><style>{STYLE}</style></head>
<body><h1>{heading}</h1>
{body}
</body></html>
"""
    with whole_file(path) as new:
        new.write_text(page, encoding="utf-8")
    return path


def paragraphs(text: str) -> str:
    """A paragraph for each line that is not empty."""
    return "".join(f"<p>{html.escape(line)}</p>" for line in text.split("\n") if line.strip())


def link(file: str, text: str, **attributes: str) -> str:
    """A link to a file next to the page."""
    others = "".join(f' {name}="{value}"' for name, value in attributes.items())
    return f'<a{others} href="{html.escape(file)}">{html.escape(text)}</a>'


def image(data: bytes | str, alt: str, kind: str = "png") -> str:
    """A picture inside the page.

    Args:
        data: the file's content; a text if it is in base64 already.
        alt: text for readers who do not see it.
        kind: "png" or "jpeg".
    """
    code = "".join(data.split()) if isinstance(data, str) else base64.b64encode(data).decode()
    return f'<img alt="{html.escape(alt)}" src="data:image/{kind};base64,{code}">'
