"""The tables, held against the running text and against arithmetic."""

import pytest

from carekit import paper
from carekit.paper import TABLES, Column

PER_CLASS = [number for number, table in TABLES.items() if Column("skin", "recall_nv") in table.columns]


def test_tables_2_to_10_are_there():
    assert list(TABLES) == list(range(2, 11)) == [table.number for table in TABLES.values()]


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: f"Table {table.number}")
def test_each_row_has_one_value_for_each_column_in_its_range(table):
    assert len(set(table.columns)) == len(table.columns)
    for label, row in table.rows.items():
        assert len(row) == len(table.columns), label
        for (data, metric), printed in zip(table.columns, row, strict=True):
            assert printed < 1 if metric == "auc" else printed > 1  # a fraction or percent, never mixed
            assert 0 < table.value(label, data, metric) < 1


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: f"Table {table.number}")
def test_pairs_name_rows(table):
    assert table.pairs and set(table.pairs) | set(table.pairs.values()) <= set(table.rows)


@pytest.mark.parametrize("number", PER_CLASS)
def test_mca_is_the_mean_of_the_recalls_beside_it(number):
    """No value was read into another's cell: any swap of MCA with a recall, and any misread digit, breaks the mean."""
    tolerance = 0.01 if number == 10 else 0.15  # as the paper rounds
    for mca, *recalls in TABLES[number].rows.values():
        assert len(recalls) == len(paper.SKIN_COUNTS)
        assert sum(recalls) / len(recalls) == pytest.approx(mca, abs=tolerance)


def test_a_value_is_a_share():
    assert TABLES[2].value("CARE", "skin", "rare_recall") == pytest.approx(0.739)
    assert TABLES[2].value("CARE", "skin", "auc") == 0.973
    with pytest.raises(KeyError):
        TABLES[2].value("CAR", "skin", "auc")
    with pytest.raises(ValueError):
        TABLES[5].value("alpha = 0", "skin", "auc")


def test_section_4_2_quotes_table_2():
    rows = TABLES[2].rows
    assert (rows["baseline"][0], rows["CARE"][0]) == (7.4, 31.1)
    assert (rows["baseline"][3], rows["CARE"][3]) == (52.2, 73.9)
    assert rows["CSL + CARE"][:3] == (45.0, 0.769, 65.2)


def test_the_conclusions_quote_the_largest_gains_of_table_2():
    gains = {
        column: [TABLES[2].value(arm, *column) - TABLES[2].value(control, *column) for arm, control in CARE_PAIRS]
        for column in TABLES[2].columns
    }
    best = {column: round(100 * max(values), 1) for column, values in gains.items()}
    assert best[Column("chest", "mca")] == 8.3 and round(best[Column("chest", "rare_recall")]) == 38
    assert round(best[Column("skin", "mca")]) == 4 and int(best[Column("skin", "rare_recall")]) == 21


CARE_PAIRS = [(arm, control) for arm, control in TABLES[2].pairs.items() if "CARE" in arm]


def test_section_4_5_quotes_table_10():
    rows = TABLES[10].rows
    assert (rows["CSL"][2], rows["CARE on df, vasc"][2]) == (89.65, 96.55)
    assert (rows["CSL"][3], rows["CARE on df, vasc, akiec"][3]) == (68.18, 74.24)


def test_the_same_run_has_the_same_figures_in_two_tables():
    two, four, five, six, eight = (TABLES[number].rows for number in (2, 4, 5, 6, 8))
    assert two["CSL + CARE"] == four["ResNet50 + CARE"]
    assert five["alpha = 0"] == six["CSL"]
    assert [round(value, 1) for value in eight["CARE"]] == [two["CARE"][5], two["CARE"][3]]
    assert [round(value, 1) for value in eight["baseline"]] == [two["baseline"][5], two["baseline"][3]]


@pytest.mark.parametrize("number, name", [(5, "alpha"), (6, "tau"), (7, "lam")])
def test_the_rows_of_a_sweep_are_its_values(number, name):
    rows = [label for label in TABLES[number].rows if label.startswith(f"{name} = ")]
    assert [label for label in rows if label != "alpha = 0"] == [f"{name} = {value}" for value in paper.SWEEPS[name]]
