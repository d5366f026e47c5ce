"""The paper's printed values with their tables, and the settings that are printed in several tables."""

from carekit.paper.tables import TABLES, Column, Data

# The same setting, as the text describes it -> (table, row) of each place. All on skin, with ResNet50.
REPEATED = {
    "baseline": ((2, "baseline"), (8, "baseline")),
    "CARE": ((2, "CARE"), (8, "CARE")),
    "CSL": ((2, "CSL"), (4, "ResNet50"), (5, "alpha = 0"), (6, "CSL"), (7, "CSL"), (9, "CSL"), (10, "CSL")),
    "CSL + CARE": (
        *((2, "CSL + CARE"), (4, "ResNet50 + CARE")),
        *((5, "alpha = 0.5"), (6, "tau = 0.7"), (7, "lam = 1.0")),
    ),
    "CSL + CARE, DeepLabV3": ((9, "CSL + CARE, DeepLabV3"), (10, "CARE on df")),
    "FL": ((2, "FL"), (9, "FL")),
}
_RARE: dict[Data, tuple[str, ...]] = {"skin": ("rare_recall", "recall_df"), "chest": ("rare_recall",)}


def recalls_of(data: Data, name: str) -> dict[float, list[int]]:
    """Each different printed recall of one class, in percent -> the numbers of its tables.

    Args:
        data: "skin" or "chest".
        name: a class of the skin data, or "rare" for the smallest one, whose recall has a column in most tables.
    """
    metrics: tuple[str, ...] = (f"recall_{name}",)
    if name == "rare":
        metrics = _RARE[data]
    tables_of: dict[float, list[int]] = {}
    for table in TABLES.values():
        recalls = set()
        for place, column in enumerate(table.columns):
            if column.data == data and column.metric in metrics:
                recalls |= {row[place] for row in table.rows.values()}
        for recall in recalls:
            tables_of.setdefault(recall, []).append(table.number)
    return dict(sorted(tables_of.items()))


def repeated(setting: str, *metrics: str) -> dict[int, float]:
    """Table -> its printed value for a setting of `REPEATED`, in percent: of the first of `metrics` with a column.

    A table without such a column is left out.
    """
    values = {}
    for number, row in REPEATED[setting]:
        table = TABLES[number]
        columns = [Column("skin", metric) for metric in metrics]
        printed = [table.rows[row][table.columns.index(column)] for column in columns if column in table.columns]
        if printed:
            values[number] = printed[0]
    return values
