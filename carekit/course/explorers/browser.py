"""What the browser runs: the modules of static/, joined by following their imports."""

import json
import posixpath
import re
from functools import cache
from pathlib import Path

import matplotlib
import numpy as np

from carekit.research.figures.plots import COLOURS, MAP, SIGNED, colour_of

STATIC = Path(__file__).parent / "static"
_IMPORT = re.compile(r'^import \{(.+?)\} from "(\.\.?/[\w/]+)\.js";$', re.MULTILINE | re.DOTALL)
_EXPORT = re.compile(r"^export (?=(?:const|function|class) (\w+))", re.MULTILINE)


@cache
def script() -> str:
    """The files of static/ as one script that defines `render`: main.js and all that it imports.

    There is no build step, and nothing is loaded from elsewhere: each file becomes a function that is called once, in
    the order of the imports, and what it exports are the members of what that function returns.
    """
    joined: dict[str, str] = {}
    _join("main", joined)
    return "\n".join([*joined.values(), "const { render } = main_js;", ""])


def module() -> str:
    """The ES module of all explorers."""
    return script() + "export default { render };\n"


def _join(name: str, joined: dict[str, str]) -> None:
    """Put a file, by its path in static/ without ".js", into `joined`, after those that it imports."""
    if name in joined:
        return
    folder = posixpath.dirname(name)
    text = _WRITTEN[name]() if name in _WRITTEN else (STATIC / f"{name}.js").read_text(encoding="utf-8")
    for _, path in _IMPORT.findall(text):
        _join(posixpath.normpath(posixpath.join(folder, path)), joined)
    exports = ", ".join(_EXPORT.findall(text))

    # import { a as b } from "../c.js"; -> const { a: b } = c_js;
    def as_constants(line: re.Match) -> str:
        path = posixpath.normpath(posixpath.join(folder, line[2]))
        return f"const {{{line[1].replace(' as ', ': ')}}} = {variable_of(path)};"

    body = _EXPORT.sub("", _IMPORT.sub(as_constants, text))
    joined[name] = f"const {variable_of(name)} = (() => {{\n{body}\nreturn {{ {exports} }};\n}})();"


def variable_of(name: str) -> str:
    """What holds the exports of a file, by its path in static/ without ".js"."""
    return f"{name.replace('/', '_')}_js"


def _colours() -> str:
    """colours.js, whose types are in static/colours.d.ts."""
    models = {name: colour_of(name) for name in ("CARE", "α = 0", "pretrained")}
    palettes = {"PALETTE": MAP, "SIGNED": SIGNED}
    rgb = [list(bytes.fromhex(colour[1:])) for colour in COLOURS]
    lines = [f"export const COLOURS = {json.dumps(COLOURS)};", f"export const RGB = {json.dumps(rgb)};"]
    lines.append(f"export const MODELS = {json.dumps(models)};")
    for name, cmap in palettes.items():
        palette = (matplotlib.colormaps[cmap](np.arange(256))[:, :3] * 255).round().astype(int).tolist()
        lines.append(f"export const {name} = {json.dumps(palette, separators=(',', ':'))};")
    return "\n".join(lines)


def _views() -> str:
    """views.js, whose types are in static/views.d.ts: the explorers by the folders of static/ that have a view.js."""
    names = sorted(file.parent.name for file in STATIC.glob("*/view.js"))
    imports = [f'import {{ view as {name} }} from "./{name}/view.js";' for name in names]
    return "\n".join([*imports, f"export const VIEWS = {{ {', '.join(names)} }};"])


# The files of static/ that are written when they are asked for.
_WRITTEN = {"colours": _colours, "views": _views}


def style() -> str:
    """The style sheet of all explorers."""
    return (STATIC / "explorer.css").read_text(encoding="utf-8")
