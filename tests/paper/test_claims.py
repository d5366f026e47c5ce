"""The claimed directions, and whether the paper's own figures have them."""

from carekit.paper import CLAIMS, TABLES

WHERE = {claim.where for claim in CLAIMS}


def test_every_table_and_every_figure_of_results_claims_something():
    assert {f"Table {number}" for number in TABLES} <= WHERE
    assert WHERE - {f"Table {number}" for number in TABLES} == {f"Fig. {n}" for n in (8, 9, 10, 11, 12, 14)}


def test_a_claim_is_made_once_and_compares_two_things():
    assert len(set(CLAIMS)) == len(CLAIMS)
    assert all(claim.arm != claim.control for claim in CLAIMS)


def test_the_difference_is_that_of_the_table_and_figures_have_none():
    claim = next(c for c in CLAIMS if c.where == "Table 2" and c.data == "skin" and c.metric == "rare_recall")
    assert claim.arm == "CARE" and round(claim.printed, 4) == 0.217 and claim.agrees
    assert all((claim.printed is None) == claim.where.startswith("Fig.") for claim in CLAIMS)


def test_the_printed_figures_disagree_with_these_claims_only():
    against = {(claim.where, claim.data, claim.metric, claim.arm) for claim in CLAIMS if claim.agrees is False}
    assert against == {
        ("Table 2", "skin", "mca", "FL"),
        ("Table 2", "skin", "auc", "FL"),
        ("Table 2", "skin", "rare_recall", "FL"),  # equal
        ("Table 2", "skin", "mca", "DA"),
        ("Table 2", "skin", "auc", "DA"),
        ("Table 2", "chest", "auc", "DA + CARE"),
        ("Table 4", "skin", "mca", "VGG19"),
    }


def test_what_is_called_similar_differs_by_two_points_at_most():
    similar = [claim.printed for claim in CLAIMS if claim.relation == "similar" and claim.printed is not None]
    assert similar and max(map(abs, similar)) < 0.02
