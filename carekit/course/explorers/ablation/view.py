"""The ablation study under the learner's fingers: metrics of every setting, and the attention maps behind them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float
from matplotlib.figure import Figure

from carekit.course.explorers import scene
from carekit.course.explorers.ablation.numbers import MOST, axis_range, colour_range
from carekit.course.explorers.controls import PAPER, SIGNS, choice, index
from carekit.course.explorers.frame import Explorer, packed
from carekit.course.explorers.overlay import inside, mask_of
from carekit.data.prepared import Prepared
from carekit.method.metrics import METRICS
from carekit.research.figures import plots
from carekit.research.figures.labels import label_of

# A setting next to the control; without the latter where it is the setting itself.
CAPTION = (
    "{setting}: {label} {mean:.3f}{?mean}{?half} ± {half:.3f}{:} (one seed){/}{/}"
    "{?control}; {control}: {control_mean:.3f}{?control_mean}{?control_half} ± {control_half:.3f}{:} (one seed){/}{/}"
    "{/}. Share of attention inside the box of this image: {inside:.3f} ({lift:.1f} × the box’s area)"
    "{?control}; {control}: {control_inside:.3f} ({control_lift:.1f} × the box’s area){/}."
)
PAPER_ROWS = tuple(f"{name} = {PAPER[name]}" for name in SIGNS)
BEST = {"rare_recall": "Highest recall, or luck", "attention_inside": "Largest share inside"}


def explore_ablation(
    table: pd.DataFrame,
    control_row: str,
    sweeps: Mapping[str, Sequence[float]],
    data: Prepared,
    rows: np.ndarray,
    maps: Float[np.ndarray, "settings images u v"],
) -> Explorer:
    """Show the explorer of an ablation study: the metrics of every setting, and what it attends to.

    Args:
        table: `experiment.summary`'s, one row a setting, columns (metric, "mean" | "±").
        control_row: the row without attention.
        sweeps: parameter -> its values; their rows are named "parameter = value".
        data: where the images are.
        rows: numbers of images of `data` that have a box; the first 12 are sent.
        maps: in [0, 1], in the order of the table's rows, see `setting_maps`.

    Raises:
        ValueError: for a row that the table lacks, for maps of another number, and for an image without a box.
    """
    study = _Study(table, control_row, sweeps, data, np.asarray(rows)[:MOST], np.asarray(maps, np.float32)[:, :MOST])
    study.check()
    setting = next((name for name in PAPER_ROWS if name in study.owner), next(iter(study.owner)))
    first = study.metrics[0]
    explorer = Explorer(
        "ablation",
        "Every setting of the study",
        CAPTION,
        [
            choice("parameter", "Parameter", {name: name for name in sweeps}),
            choice("metric", "Figure", {name: label_of(name) for name in study.metrics}),
            choice("setting", "Setting", {name: name for name in study.settings}),
            index("image", "Image", len(study.rows) - 1),
        ],
        {"parameter": study.owner[setting], "metric": first, "setting": setting, "image": 0},
        study.sent(),
        presets=study.presets(),
        guess={"name": "mean", "label": "this setting's mean"},
    )
    explorer.show(study.still(study.owner[setting], setting), study.values(setting, first))
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
    def metrics(self) -> list[str]:
        return list(dict.fromkeys(name for name, _ in self.table.columns))

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
        scene.check_boxed(self.data, self.rows, "attention is measured in")
        if self.maps.shape[:2] != (len(self.settings), len(self.rows)):
            there, needed = self.maps.shape[:2], (len(self.settings), len(self.rows))
            raise ValueError(f"maps are of {there} settings and images, not of {needed}: make them with setting_maps")

    def sent(self) -> dict:
        means = self.table.xs("mean", axis=1, level=1)[self.metrics].to_numpy(float)
        halves = self.table.xs("±", axis=1, level=1)[self.metrics].to_numpy(float)
        # The ranges of a column's colours and of its axis belong to the whole column.
        columns = []
        for name, mean, half in zip(self.metrics, means.T, halves.T, strict=True):
            short = METRICS[name].short if name in METRICS else name
            ranges = {"colours": colour_range(mean, half), "axis": axis_range(mean, half)}
            columns.append({"key": name, "short": short} | ranges)
        # Of each parameter its values, and the place of the row that has it.
        place, sweeps = {name: i for i, name in enumerate(self.settings)}, {}
        for name, values in self.sweeps.items():
            sweeps[name] = [[float(value), place[f"{name} = {value}"]] for value in values]
        return scene.sent(self.data, self.rows) | {
            "settings": self.settings,
            "control": place[self.control],
            "metrics": columns,
            "signs": {name: SIGNS.get(name, name) for name in self.sweeps},
            "sweeps": sweeps,
            "lines": {self.control: "alpha = 0"} | {row: row for row in self.owner},
            "means": packed(means),
            "halves": packed(halves),
            "maps": packed(self.maps),
        }

    def values(self, setting: str, metric: str) -> dict:
        """What the caption holds of a setting, a metric and the first image."""
        # The control's own row is not compared with itself: the caption then has no second part.
        m_in = mask_of(self.data.boxes_of(self.rows[0]), self.data.size)
        values = {"setting": setting, "label": label_of(metric), "control": self.control}
        if setting == self.control:
            del values["control"]
        for row, prefix in ((setting, ""), (self.control, "control_")):
            mean, half = self.table.loc[row, metric][["mean", "±"]]
            share, lift = inside(self.maps[self.settings.index(row), 0], m_in)
            values |= {f"{prefix}mean": mean, f"{prefix}half": half, f"{prefix}inside": share, f"{prefix}lift": lift}
        return values

    def presets(self) -> dict[str, dict]:
        presets: dict[str, dict] = {}
        # The first of the paper's rows that the study has.
        for name in [name for name in PAPER_ROWS if name in self.owner][:1]:
            presets["The paper's values"] = {"setting": name, "parameter": self.owner[name]}
        presets["No attention"] = {"setting": self.control}
        for name, text in BEST.items():
            if name in self.metrics and self.table.loc[list(self.owner), (name, "mean")].notna().any():
                best = self.table.loc[list(self.owner), (name, "mean")].idxmax()
                presets[text] = {"setting": best, "parameter": self.owner[best], "metric": name}
        return presets

    def still(self, parameter: str, setting: str) -> Figure:
        figure, axes = plots.grid(3, size=3)
        values, name = list(self.sweeps[parameter]), self.metrics[0]
        swept = self.table.loc[[row for row, owner in self.owner.items() if owner == parameter], name]
        low, half = self.table.loc[self.control, name]["mean"], np.nan_to_num(self.table.loc[self.control, name]["±"])
        # The control's interval is a band behind the intervals of the sweep.
        chart = axes[0, 0]
        chart.axhline(low, color=plots.colour_of("α = 0"), linestyle="--")
        chart.axhspan(low - half, low + half, color=plots.colour_of("α = 0"), alpha=0.12)
        ours = plots.colour_of("CARE")
        chart.errorbar(values, swept["mean"], np.nan_to_num(swept["±"]), fmt="o-", color=ours, capsize=4)
        chart.set(xlabel=SIGNS.get(parameter, parameter), title=label_of(name), xticks=values, ylim=(0, 1))
        chart.set_yticks([0, 0.5, 1])
        image, corners = self.data.read(self.rows[:1])[0], self.data.boxes_of(self.rows[0])
        for panel, name in zip(axes[0, 1:], (setting, self.control), strict=True):
            plots.draw_attention(panel, image, self.maps[self.settings.index(name), 0], corners, name)
        return figure
