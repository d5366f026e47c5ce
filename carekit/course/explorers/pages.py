"""Explorers on a page without a kernel: the same ES module, inlined, since a page from disk may load none."""

import json
from typing import Any

from carekit.course.explorers import browser

_START = """
for (const element of document.querySelectorAll(".ck-alone")) {
  const state = JSON.parse(element.querySelector("script").textContent);
  const model = { get: (name) => (name === "state" ? state : {}) };
  render({ model, el: element });
}
"""


def as_html(state: dict[str, Any], still: str) -> str:
    """An explorer's place on a page; `still` is what is seen where scripts do not run."""
    text = json.dumps(state, separators=(",", ":")).replace("<", "\\u003c")  # neither </script> nor <!-- in a name
    return f'<div class="ck-alone"><script type="application/json">{text}</script>{still}</div>'


def script() -> str:
    """The style and the script of a page that has explorers, for the end of its body."""
    code = browser.script().replace("</", "<\\/")
    return f'<style>{browser.style()}</style><script type="module">{code}{_START}</script>'


def classic_script() -> str:
    """The script of pages that share it as a file: a page from disk may load one, but no module."""
    return f"(() => {{\n{browser.script()}{_START}}})();\n"
