"""What the browser runs: the modules of static/, joined by following their imports."""

import json
import re
from functools import cache
from pathlib import Path

import matplotlib
import numpy as np

from carekit.research.figures.plots import COLOURS, MAP, SIGNED, colour_of

STATIC = Path(__file__).parent / "static"
_IMPORT = re.compile(r'^import \{(.+?)\} from "\./(\w+)\.js";$', re.MULTILINE | re.DOTALL)
_EXPORT = re.compile(r"^export (?=(?:const|function|class) (\w+))", re.MULTILINE)


@cache
def script() -> str:
    """The files of static/ as one script that defines `render`: main.js and all that it imports.

    There is no build step, and nothing is loaded from elsewhere: each file becomes a function that is called once, in
    the order of the imports, and what it exports are the members of what that function returns.
    """
    joined = {"colours": _as_function("colours", _colours())}
    _join("main", joined)
    return "\n".join([*joined.values(), "const { render } = main_js;", ""])


def module() -> str:
    """The ES module of all explorers."""
    return script() + "export default { render };\n"


def _join(name: str, joined: dict[str, str]) -> None:
    """Put a file into `joined`, after those that it imports."""
    if name in joined:
        return
    text = (STATIC / f"{name}.js").read_text(encoding="utf-8")
    for _, other in _IMPORT.findall(text):
        _join(other, joined)
    joined[name] = _as_function(name, text)


def _as_function(name: str, text: str) -> str:
    exports = ", ".join(_EXPORT.findall(text))
    # import { a as b } from "./c.js"; -> const { a: b } = c_js;
    body = _IMPORT.sub(lambda found: f"const {{{found[1].replace(' as ', ': ')}}} = {found[2]}_js;", text)
    return f"const {name}_js = (() => {{\n{_EXPORT.sub('', body)}\nreturn {{ {exports} }};\n}})();"


def _colours() -> str:
    """colours.js, whose types are in static/colours.d.ts."""
    models = {name: colour_of(name) for name in ("CARE", "α = 0", "pretrained")}
    palettes = {"PALETTE": MAP, "SIGNED": SIGNED}
    lines = [f"export const COLOURS = {json.dumps(COLOURS)};", f"export const MODELS = {json.dumps(models)};"]
    for name, cmap in palettes.items():
        palette = (matplotlib.colormaps[cmap](np.arange(256))[:, :3] * 255).round().astype(int).tolist()
        lines.append(f"export const {name} = {json.dumps(palette, separators=(',', ':'))};")
    return "\n".join(lines)


def style() -> str:
    """The style sheet of all explorers."""
    return (STATIC / "explorer.css").read_text(encoding="utf-8")
