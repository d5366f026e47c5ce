"""What the paper prints where: each value with its tables, and the settings that stand in several tables."""

from carekit.paper.tables import TABLES, Data

# The same setting, by what the text says of it -> (table, row) wherever it is printed. All on skin, with ResNet50.
REPEATED = {
    "baseline": ((2, "baseline"), (8, "baseline")),
    "CARE": ((2, "CARE"), (8, "CARE")),
    "CSL": ((2, "CSL"), (4, "ResNet50"), (5, "alpha = 0"), (6, "CSL"), (7, "CSL"), (9, "CSL"), (10, "CSL")),
    "CSL + CARE": (
        (2, "CSL + CARE"),
        (4, "ResNet50 + CARE"),
        (5, "alpha = 0.5"),
        (6, "tau = 0.7"),
        (7, "lam = 1.0"),
    ),
    "CSL + CARE, DeepLabV3": ((9, "CSL + CARE, DeepLabV3"), (10, "CARE on df")),
    "FL": ((2, "FL"), (9, "FL")),
}
_RARE = {"skin": ("rare_recall", "recall_df"), "chest": ("rare_recall",)}


def recalls_of(data: Data, name: str) -> dict[float, list[int]]:
    """Each different recall of one class that is printed, in percent -> the tables where it stands.

    Args:
        data: "skin" or "chest".
        name: a class of the skin data, or "rare" for the smallest one, whose recall has a column in most tables.
    """
    wanted = _RARE[data] if name == "rare" else (f"recall_{name}",)
    found: dict[float, list[int]] = {}
    for table in TABLES.values():
        places = [i for i, column in enumerate(table.columns) if column.data == data and column.metric in wanted]
        for value in {row[i] for row in table.rows.values() for i in places}:
            found.setdefault(value, []).append(table.number)
    return dict(sorted(found.items()))


def repeated(setting: str, *metrics: str) -> dict[int, float]:
    """Table -> what it prints for a setting of `REPEATED`: the first of `metrics` that it has a column for, in percent.

    A table without such a column is left out.
    """
    values = {}
    for number, row in REPEATED[setting]:
        table = TABLES[number]
        place = next((i for m in metrics for i, c in enumerate(table.columns) if c == ("skin", m)), None)
        if place is not None:
            values[number] = table.rows[row][place]
    return values
