"""Explorers in a JupyterLab of their own, looked at with Debian's Chromium; a new explorer is one line in EXPLORERS."""

from typing import NamedTuple

import pytest
from _lab import Lab, chromium

EPOCHS = 30  # of the training that can be watched
# What the first cell makes for all explorers.
SETUP = """from dataclasses import replace
import numpy as np, pandas as pd
from carekit import build, experiment, profile
from carekit.research.setting.ink_pair import Pair
from carekit.material.drawing.marks import plant
from carekit.material.drawing import skin
from carekit.method.metrics import HEADLINE
data = skin(0, 64, {"nv": 4, "df": 8}, {"nv": 1, "df": 2})
rows = np.flatnonzero(data.labels == data.classes.index("df"))
pair = Pair(data, plant(data, "ink"))
maps = np.random.default_rng(0).random((len(rows), 8, 8)).astype("float32")
arms = ["pretrained", "without attention", "tau = 0.2", "tau = 0.7"]
runs = [{"arm": arm, "seed": seed} for arm in arms for seed in range(3)]
runs = [run | {name: (i * 7 % 12) / 12 for name in HEADLINE} for i, run in enumerate(runs)]
fast = profile("fast")
stage = replace(fast, finetune=replace(fast.finetune, epochs=EPOCHS))
table, all_maps = experiment.summary(pd.DataFrame(runs)), np.stack([maps, maps**2, maps**3, maps**4])""".replace(
    "EPOCHS", str(EPOCHS)
)


class Case(NamedTuple):
    name: str
    call: str
    slider: str

    @property
    def cell(self) -> str:
        """The lines of a notebook's cell."""
        function = self.call.partition("(")[0]
        return f"from carekit.course.explorers.{self.name} import {function}\nexplorer_{self.name} = {self.call}"


# The module in carekit.course.explorers, the call that shows it, and a slider that changes what is seen.
EXPLORERS = [
    Case("attention_loss", "explore_attention_loss(data, rows, maps)", "τ"),
    Case("imbalance", "explore_imbalance({'nv': 6705, 'mel': 1113, 'df': 115})", "Ratio"),
    Case("masks", "explore_masks(data, rows, maps)", "Box scale"),
    Case("saliency", "explore_saliency(data, rows)", "Threshold"),
    Case("cam", "explore_cam(build('small', len(data.classes)), data, rows)", "Threshold"),
    Case(
        "training",
        "explore_training(build('small', len(data.classes)), data, stage, np.array([1, 2]), experiment.Arm())",
        "Epoch",
    ),
    Case(
        "ink",
        "explore_ink({'α = 0': build('small', len(data.classes)), 'CARE': build('small', len(data.classes))}, pair)",
        "Image",
    ),
    Case("ablation", "explore_ablation(table, arms[1], {'tau': [0.2, 0.7]}, data, rows, all_maps)", "Image"),
]


class View:
    """One explorer on a page, by its place among them."""

    def __init__(self, tab, place):
        self.tab, self.root = tab, tab.locator(".ck-explorer").nth(place)
        self.root.scroll_into_view_if_needed()

    def frame(self, expression):
        """An expression of its `frame` in the browser."""
        return self.root.evaluate(f"(root) => {{ const frame = root.parentElement.carekit; return {expression}; }}")

    def seen(self):
        """Its words and all that is painted."""
        return self.root.evaluate(
            """(root) => root.querySelector('.ck-words').textContent + root.querySelector('.ck-stage').innerHTML
                + [...root.querySelectorAll('canvas')].map((each) => each.toDataURL()).join()"""
        )

    def words(self):
        return self.root.locator(".ck-words").inner_text()

    def slider(self, label):
        return self.root.get_by_label(label, exact=True)

    def until(self, condition, given=None):
        """Wait for a condition of `root`, `frame` and `given` in the browser."""
        self.tab.wait_for_function(
            f"""([root, given]) => {{ const frame = root.parentElement.carekit; return {condition}; }}""",
            arg=[self.root.element_handle(), given],
        )


def pytest_generate_tests(metafunc):
    if "case" in metafunc.fixturenames:
        metafunc.parametrize("case", EXPLORERS, ids=[case.name for case in EXPLORERS])


@pytest.fixture
def static(case, displayed):
    """The explorer of `case`, shown in this process for a page without a kernel."""
    exec(f"{SETUP}\n{case.cell}", {})


@pytest.fixture
def violations(axe):
    """violations(tab): what axe-core calls serious or critical in the explorers of a page, one sentence each."""

    def look(tab):
        tab.evaluate(axe)
        found = tab.evaluate("async () => (await axe.run('.ck-explorer', { resultTypes: ['violations'] })).violations")
        grave = [each for each in found if each["impact"] in ("serious", "critical")]
        return [f"{each['id']}: {each['help']}: {node['html'][:120]}" for each in grave for node in each["nodes"]]

    return look


@pytest.fixture(scope="session")
def lab(tmp_path_factory):
    """A JupyterLab server."""
    if chromium() is None:
        pytest.skip("chromium is not installed: apt-get install chromium")
    pytest.importorskip("jupyterlab", reason="jupyterlab comes with the course extra")
    with Lab(tmp_path_factory.mktemp("jupyter"), {"OMP_NUM_THREADS": "1"}) as running:
        yield running


@pytest.fixture(scope="module")
def open_notebook(lab, browser):
    """open_notebook(name, cells): a page with that notebook, run to its end. Script errors and strangers fail."""
    opened = []

    def open_page(name, cells):
        lab.write(name, cells)
        tab = browser.new_page(viewport={"width": 1300, "height": 1000})
        tab.errors = []
        tab.on("pageerror", lambda error: tab.errors.append(str(error)))
        tab.on("request", lambda request: _is_away(request.url, lab.url) and tab.errors.append(request.url))
        opened.append(tab)
        lab.open(tab, name)
        lab.run_all(tab)
        tab.wait_for_function(
            "n => [...document.querySelectorAll('.ck-explorer')].filter(e => e.parentElement.carekit.numbers).length"
            " >= n",
            arg=sum("explorer_" in cell for cell in cells),
        )
        return tab

    yield open_page
    for tab in opened:
        assert tab.errors == []
        tab.close()


def _is_away(url, home):
    return url.startswith(("http", "ws")) and url.split("://")[1].split("/")[0] != home.split("://")[1]


@pytest.fixture(scope="session")
def cells():
    """The notebook's cells: what all need, one explorer each, and the attention loss once more."""
    return [SETUP, *(case.cell for case in EXPLORERS), "explorer_attention_loss"]


@pytest.fixture(scope="module")
def opened(open_notebook, cells):
    return open_notebook("lesson.ipynb", cells)


@pytest.fixture
def lesson(lab, opened):
    """A page with a notebook of all explorers, one of them twice; a kernel that is gone is replaced."""
    if opened.evaluate("!window.jupyterapp.shell.currentWidget.sessionContext.session?.kernel"):
        lab.open(opened, "lesson.ipynb")
        lab.run_all(opened)
    return opened


@pytest.fixture
def look(lesson):
    """look(name): an explorer of the lesson's page, as it starts; "attention_loss again" is a second view."""
    names = [case.name for case in EXPLORERS] + ["attention_loss again"]

    def look_at(name, tab=lesson):
        tab.mouse.up()
        shown = View(tab, names.index(name))
        shown.root.evaluate("(root) => root.querySelectorAll('details').forEach((each) => { each.open = true; })")
        shown.root.get_by_role("button", name="Reset all controls").click()
        shown.until("Object.entries(frame.defaults).every(([name, value]) => frame.values[name] === value)")
        return shown

    return look_at


@pytest.fixture
def view(look, case):
    """The explorer of `case` in JupyterLab, with its values at the start."""
    return look(case.name)
