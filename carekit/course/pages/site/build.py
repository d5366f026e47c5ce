"""Run Sphinx over the course: collect its sources in one folder, make pages and slides that work from disk."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from carekit.course.explorers import browser, pages
from carekit.course.pages.site import lesson
from carekit.ground.environment import ROOT, python_path
from carekit.ground.messages import Refusal

CONFIG = ROOT / "docs" / "site"
_FIRST = ("ink", "attention_loss")  # the explorers that the first page may show, the best first
_LINKED = ("examples", "data_scripts", "benchmarks", "carekit")  # folders whose files the documents link to


class SiteError(Refusal):
    """Sphinx found faults in the pages; the message has one line for each."""


def build_site(executed: Path, lessons: Sequence[Path], out: Path, settings: str, summary: str) -> None:
    """Make the site of the executed notebooks in a folder.

    Args:
        executed: folder with executed copies of some of the lessons.
        lessons: the committed notebooks; one without an executed copy is shown without outputs.
        out: the folder for the pages; the slides go into its folder `slides`.
        settings: the parameters of the run, as one sentence.
        summary: the result of the run, as HTML.

    Raises:
        SiteError: for a link to nothing, a missing picture, a heading that skips a level, and the like.
    """
    with tempfile.TemporaryDirectory() as folder:
        source, doctrees = Path(folder) / "source", Path(folder) / "doctrees"
        _put_documents(source)
        _put_shared_files(source / "_static")
        _put_lessons(executed, lessons, source)
        page = f'# What came out\n\n{settings}\n\n<div class="text_html">\n{summary}\n</div>\n'
        (source / "results.md").write_text(page, encoding="utf-8")
        html, slides = Path(folder) / "html", Path(folder) / "slides"
        _sphinx("html", source, doctrees, html, [])
        names = [notebook.name for notebook in lessons if (executed / notebook.name).exists()]
        decks = [source / "notebooks" / name for name in names]
        _sphinx("revealjs", source, doctrees, slides, decks)
        # The folder is filled by hand-picked copies: Sphinx leaves files for its own next run.
        _move(html, out)
        _move(slides, out / "slides")
        _lead_out(out / "slides")
    (out / "slides" / "index.html").unlink(missing_ok=True)
    shutil.rmtree(out / "slides" / "_downloads", ignore_errors=True)


def _lead_out(slides: Path) -> None:
    """Correct links of slides to pages: slides are one folder deeper, without documents and without some lessons."""
    decks = list((slides / "notebooks").glob("*.html"))
    for page in decks:
        text = page.read_text(encoding="utf-8")
        text = re.sub(r'href="\.\./(?=docs/|slides/|index\.html|results\.html)', 'href="../../', text)
        for name in set(re.findall(r'href="(\d\d_\w+\.html)', text)) - {deck.name for deck in decks}:
            text = text.replace(f'href="{name}', f'href="../../notebooks/{name}')
        page.write_text(text, encoding="utf-8")


def _put_documents(source: Path) -> None:
    """Put them where the repository has them, so that links between files stay as they are."""
    shutil.copytree(ROOT / "docs", source / "docs", ignore=shutil.ignore_patterns("api", "site", "__pycache__"))
    for page in [*CONFIG.glob("*.md"), *ROOT.glob("*.md"), ROOT / "LICENSE"]:
        shutil.copy(page, source)
    for name in _LINKED:
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))


def _put_shared_files(static: Path) -> None:
    """The explorers' script and the style sheets, once for all pages."""
    static.mkdir()
    (static / "explorers.js").write_text(pages.classic_script(), encoding="utf-8")
    (static / "explorers.css").write_text(browser.style(), encoding="utf-8")
    for sheet in CONFIG.glob("*.css"):
        shutil.copy(sheet, static)


def _put_lessons(executed: Path, lessons: Sequence[Path], source: Path) -> None:
    """Each lesson, and `landing.html`: the explorer of the first page, empty if no lesson has a suitable one."""
    (source / "notebooks").mkdir()
    explorers: dict[str, str] = {}
    for notebook in lessons:
        copy = executed / notebook.name
        node = lesson.read(copy if copy.exists() else notebook)
        for state, still in lesson.explorers(node):
            # A visitor has no lesson around it: nothing to guess first, and the ink is there.
            inked = {"inked": True, "all": True} if state["view"] == "ink" else {}
            alone = state | {"guess": None, "defaults": state["defaults"] | inked}
            explorers.setdefault(state["view"], pages.as_html(alone, still))
        lesson.write_page(node, source / "notebooks" / notebook.name, copy.exists())
    landing = next((explorers[view] for view in _FIRST if view in explorers), "")
    (source / "landing.html").write_text(landing, encoding="utf-8")


def _sphinx(builder: str, source: Path, doctrees: Path, out: Path, files: Sequence[Path]) -> None:
    """Run one builder; a warning is an error, and its text the message."""
    environment = os.environ | {"PYTHONPATH": python_path(), "CAREKIT_SITE": str(source)}
    command = [sys.executable, "-m", "sphinx", "-q", "-N", "-W", "--keep-going", "-b", builder, "-c", str(CONFIG)]
    command += ["-d", str(doctrees), str(source), str(out), *map(str, files)]
    done = subprocess.run(command, env=environment, stderr=subprocess.PIPE, encoding="utf-8", errors="replace")
    if done.returncode:
        raise SiteError(f"the pages have faults:\n{done.stderr.replace(f'{source}{os.sep}', '').strip()}")


def _move(made: Path, out: Path) -> None:
    """Copy the pages, without Sphinx's own files for its next run and files that no page loads."""
    unwanted = shutil.ignore_patterns(".*", "objects.inv", "_sources", "*.map", "*.scss", "*.eot")
    shutil.copytree(made, out, ignore=unwanted, dirs_exist_ok=True)
