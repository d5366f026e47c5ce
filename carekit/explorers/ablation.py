"""The ablation study under the learner's fingers: figures of every setting, and the attention maps behind them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float
from matplotlib.figure import Figure

from carekit import boxes
from carekit.data.prepared import Prepared
from carekit.explorers.frame import Explorer, choice, packed, slider
from carekit.explorers.study import MOST, axis_range, colour_range, inside, setting_maps, words
from carekit.lessons import plots
from carekit.metrics import label_of

__all__ = ["explore_ablation", "setting_maps"]
SHORT = {"rare_recall": "recall", "mca": "MCA", "auc": "AUC", "attention_inside": "inside"}
SIGNS = {"alpha": "α", "tau": "τ", "lam": "λ", "box_scale": "box scale"}
PAPER = ("alpha = 0.5", "tau = 0.7", "lam = 1.0", "box_scale = 1.0")
BEST = {"rare_recall": "Highest recall, or luck", "attention_inside": "Most attention inside"}


def explore_ablation(
    table: pd.DataFrame,
    control_row: str,
    sweeps: Mapping[str, Sequence[float]],
    data: Prepared,
    rows: np.ndarray,
    maps: Float[np.ndarray, "settings images u v"],
) -> Explorer:
    """Show the explorer of `experiment.summary`'s table, and of what its settings attend to in images `rows` of `data`.

    control_row names the row without attention. sweeps: parameter -> its values; their rows are named
    "parameter = value". maps: in the order of the table's rows, see `setting_maps`; the first 12 images are sent.
    Raises ValueError for a row that the table lacks, for maps of another number, and for an image without a box.
    """
    study = _Study(table, control_row, sweeps, data, np.asarray(rows)[:MOST], np.asarray(maps, np.float32)[:, :MOST])
    study.check()
    setting = next((name for name in PAPER if name in study.owner), next(iter(study.owner)))
    controls = [
        choice("parameter", "Parameter", list(sweeps)),
        choice("figure", "Figure", study.labels),
        choice("setting", "Setting", study.settings),
        slider("image", "Image", 0, len(study.rows) - 1, 1),
    ]
    defaults = {"parameter": study.owner[setting], "figure": study.labels[0], "setting": setting, "image": 0}
    guess = {"name": "mean", "label": "the chosen figure of the chosen setting"}
    options = {"presets": study.presets(), "guess": guess}
    explorer = Explorer("ablation", "Every setting of the study", controls, defaults, study.scene(), **options)
    pair = [study.settings.index(name) for name in (setting, control_row)]
    here, there = (inside(study.maps[i, 0], data.boxes_of(rows[0]), data.size) for i in pair)
    told = words(table, setting, control_row, study.figures[0], here, there)
    explorer.show(study.still(defaults["parameter"], setting), told)
    return explorer


@dataclass(frozen=True)
class _Study:
    """What is shown: the table and its parts, images and their maps."""

    table: pd.DataFrame
    control: str
    sweeps: Mapping[str, Sequence[float]]
    data: Prepared
    rows: np.ndarray
    maps: np.ndarray

    @property
    def settings(self) -> list[str]:
        return list(self.table.index)

    @property
    def figures(self) -> list[str]:
        return list(dict.fromkeys(name for name, _ in self.table.columns))

    @property
    def labels(self) -> list[str]:
        return [label_of(figure) for figure in self.figures]

    @property
    def owner(self) -> dict[str, str]:
        """The parameter that each row of a sweep varies."""
        return {f"{name} = {value}": name for name, values in self.sweeps.items() for value in values}

    def check(self) -> None:
        for name in (self.control, *self.owner):
            if name not in self.settings:
                raise ValueError(f"the table has no row {name!r}: give it the summary of runs that have this arm")
        if not self.sweeps or not all(len(values) for values in self.sweeps.values()):
            raise ValueError("there is nothing to draw: give each parameter of `sweeps` at least one value")
        if not self.rows.size or not all(len(self.data.boxes_of(i)) for i in self.rows):
            raise ValueError("attention is measured in images that have a box: choose some with lesson.rare_rows")
        if self.maps.shape[:2] != (len(self.settings), len(self.rows)):
            there, needed = self.maps.shape[:2], (len(self.settings), len(self.rows))
            raise ValueError(f"maps are of {there} settings and images, not of {needed}: make them with setting_maps")

    def scene(self) -> dict:
        halves, means = (self.table.xs(part, axis=1, level=1)[self.figures].to_numpy(float) for part in ("±", "mean"))
        columns = list(zip(means.T, halves.T, strict=True))
        place = {name: i for i, name in enumerate(self.settings)}
        size, each = self.data.size, [self.data.boxes_of(i) for i in self.rows]
        return {
            "settings": self.settings,
            "control": place[self.control],
            "labels": self.labels,
            "short": [SHORT.get(figure, figure) for figure in self.figures],
            "signs": {name: SIGNS.get(name, name) for name in self.sweeps},
            "sweeps": {name: [[float(v), place[f"{name} = {v}"]] for v in self.sweeps[name]] for name in self.sweeps},
            "lines": {self.control: "-p alpha 0"} | {row: "-p " + row.replace(" = ", " ") for row in self.owner},
            "means": packed(means),
            "halves": packed(halves),
            "colours": [colour_range(*column) for column in columns],
            "axes": [axis_range(*column) for column in columns],
            "size": size,
            "images": packed(self.data.read(self.rows)),
            "boxes": [boxes.check(corners, (size, size)).tolist() for corners in each],
            "maps": packed(self.maps),
            "names": [f"{self.data.classes[self.data.labels[i]]}, image {i}" for i in self.rows],
        }

    def presets(self) -> dict[str, dict]:
        paper = next((name for name in PAPER if name in self.owner), None)
        found = {} if paper is None else {"The paper's values": {"setting": paper, "parameter": self.owner[paper]}}
        found["No attention"] = {"setting": self.control}
        for figure, text in BEST.items():
            if figure in self.figures and self.table.loc[list(self.owner), (figure, "mean")].notna().any():
                best = self.table.loc[list(self.owner), (figure, "mean")].idxmax()
                label = self.labels[self.figures.index(figure)]
                found[text] = {"setting": best, "parameter": self.owner[best], "figure": label}
        return found

    def still(self, parameter: str, setting: str) -> Figure:
        figure, axes = plots.grid(3, size=3)
        values, name = list(self.sweeps[parameter]), self.figures[0]
        swept = self.table.loc[[row for row, owner in self.owner.items() if owner == parameter], name]
        low, half = self.table.loc[self.control, name]["mean"], np.nan_to_num(self.table.loc[self.control, name]["±"])
        chart = axes[0, 0]
        chart.axhline(low, color=plots.COLOURS[1], linestyle="--")
        chart.axhspan(low - half, low + half, color=plots.COLOURS[1], alpha=0.12)
        chart.errorbar(values, swept["mean"], np.nan_to_num(swept["±"]), fmt="o-", color=plots.COLOURS[0], capsize=4)
        chart.set(xlabel=SIGNS.get(parameter, parameter), title=self.labels[0], xticks=values, ylim=(0, 1))
        chart.set_yticks([0, 0.5, 1])
        image, corners = self.data.read(self.rows[:1])[0], self.data.boxes_of(self.rows[0])
        for panel, name in zip(axes[0, 1:], (setting, self.control), strict=True):
            plots.draw_attention(panel, image, self.maps[self.settings.index(name), 0], corners, name)
        return figure
