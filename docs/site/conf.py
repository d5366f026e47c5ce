"""Sphinx's settings for the site; `python -m carekit site` puts together what it reads.

Why Sphinx (with MyST-NB, as in Jupyter Book 1): its pages, its search and our explorers work when opened from disk.
What MyST's own builder (Jupyter Book 2) makes needs a server and its templates are fetched while building; a page of
Quarto cannot search from disk, and Quarto is no Python package; nbsite is Sphinx with the settings of other projects.
"""

import os

from docutils import nodes

import carekit
from carekit.course.pages.mathml import mathml

project = "carekit"
author = copyright = "the carekit authors"
version = release = carekit.__version__
language = "en"

extensions = ["myst_nb", "sphinx_revealjs"]
exclude_patterns = ["README.md", "**/api/**", "carekit/**"]  # of the package, pages link to single files
myst_enable_extensions = ["amsmath", "colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
nb_execution_mode = "off"  # `carekit course` has run them
nb_ipywidgets_js = {}
nb_mime_priority_overrides = [
    ("revealjs", mime, place) for place, mime in enumerate(["text/html", "text/markdown", "text/plain"])
]

html_theme = "sphinx_book_theme"
html_title = "carekit"
html_math_renderer = "mathml"
html_static_path = revealjs_static_path = [f"{os.environ['CAREKIT_SITE']}/_static"]
html_css_files = ["explorers.css", "site.css"]
html_js_files = [("explorers.js", {"defer": "defer"})]
html_copy_source = False
html_show_search_summary = False  # a page from disk may not read another
html_show_copyright = html_show_sphinx = False
html_theme_options = {
    "use_download_button": False,
    "use_fullscreen_button": False,
    "show_toc_level": 2,
    "show_navbar_depth": 1,
    "navbar_persistent": [],
}
html_context = {"default_mode": "auto"}
if "GITHUB_REPOSITORY" in os.environ:  # in a workflow: buttons that start a lesson elsewhere
    html_theme_options |= {
        "repository_url": f"{os.environ['GITHUB_SERVER_URL']}/{os.environ['GITHUB_REPOSITORY']}",
        "repository_branch": os.environ.get("GITHUB_REF_NAME", "main"),
        "path_to_docs": "",
        "use_repository_button": True,
        "launch_buttons": {
            "binderhub_url": "https://mybinder.org",
            "colab_url": "https://colab.research.google.com",
            "notebook_interface": "jupyterlab",
        },
    }

revealjs_style_theme = "white"
revealjs_css_files = ["explorers.css", "slides.css"]
revealjs_js_files = [("explorers.js", {"defer": "defer"})]
revealjs_script_conf = {"width": "100%", "height": "100%", "margin": 0, "center": False, "hash": True}
revealjs_script_plugins = [{"name": "RevealNotes", "src": "revealjs/plugin/notes/notes.js"}]


def setup(app):
    """Equations are drawn by the browser itself: the renderer "mathml"."""

    def visit(display):
        def visit_math(translator, node):
            text = mathml(node.astext(), display)
            translator.body.append(text if display == "inline" else f'<div class="math">{text}</div>')
            raise nodes.SkipNode

        return visit_math

    app.add_html_math_renderer("mathml", (visit("inline"), None), (visit("block"), None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
