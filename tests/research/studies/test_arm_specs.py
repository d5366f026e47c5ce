"""A row says what it is trained with; wrong boxes are next to each plain use of CARE."""

import pytest

from carekit.experiment.box_sources import Random, Scaled, Shuffled, Truth
from carekit.objectives import Care
from carekit.research.studies import STUDIES, Comparison
from carekit.research.studies.arm_spec import ArmSpec
from carekit.research.studies.condition import CLEAN, MISLED, Condition, conditions
from carekit.strategies import STRATEGIES


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """Chest films without and with the mark."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CAREKIT_RUNS", str(tmp_path_factory.mktemp("runs")))
        return conditions(["chest"], {"profile": "fast"})


def test_conditions_differ_in_the_mark_alone(both):
    assert [here.condition for here in both] == [CLEAN, MISLED]
    assert {here.kind for here in both} == {"chest"}
    clean, misled = (here.lesson for here in both)
    assert clean.data.counts() == misled.data.counts() and misled.misled and not clean.misled
    assert both[0].about() == {"data": "chest", "set": "synthetic-chest", "condition": CLEAN}


def test_one_drawn_set_can_be_chosen_and_has_both_conditions_too(both, monkeypatch):
    made = []
    monkeypatch.setattr(
        "carekit.research.studies.condition.load", lambda parameters, _: made.append(parameters) or both[0].lesson.data
    )
    chosen = conditions(["skin", "chest"], {"profile": "fast", "data": "synthetic-chest"})
    assert [here.condition for here in chosen] == [CLEAN, MISLED]
    assert [each["shortcut"] for each in made] == [0.03, 0.95]


def test_a_row_takes_the_papers_values_for_its_data(both):
    arm = ArmSpec(care=True, strategy="weighted").arm(both[0])
    assert arm.objective == Care(alpha=0.5, tau=0.7, lam=0.5) and arm.strategy == STRATEGIES["weighted"]
    assert ArmSpec(care=True, tau=0.2, lam=2.0).arm(both[0]).objective == Care(alpha=0.5, tau=0.2, lam=2.0)


def test_a_control_is_one_run_whatever_its_boxes(both):
    plain = ArmSpec().arm(both[0])
    assert plain.objective.alpha == 0 and plain.boxes == Truth()
    assert ArmSpec(care=True, alpha=0.0, boxes="shuffled", classes=("opacity",)).arm(both[0]) == plain


def test_wrong_boxes_stand_beside_plain_uses_only(both):
    wrong = ArmSpec(care=True, strategy="focal").controls()
    sources = {kind: row.arm(both[0]).boxes for kind, row in wrong.items()}
    assert sources == {"shuffled boxes": Shuffled(), "random boxes": Random()}
    assert all(row.strategy == "focal" for row in wrong.values())
    assert (
        ArmSpec().controls()
        == ArmSpec(care=True, tau=0.2).controls()
        == ArmSpec(care=True, boxes="DSR").controls()
        == {}
    )
    assert ArmSpec(care=True, tau=0.7, box_scale=1.0).controls().keys() == wrong.keys()
    assert ArmSpec(care=True, box_scale=0.7).arm(both[0]).boxes == Scaled(0.7)
    assert ArmSpec(care=True, box_scale=1.0).arm(both[0]) == ArmSpec(care=True).arm(both[0])  # one run, trained once


def test_bad_rows_are_refused_with_the_nearest_name():
    with pytest.raises(ValueError, match="boxes = 'shufled' is unknown: did you mean 'shuffled'"):
        ArmSpec(boxes="shufled")
    with pytest.raises(ValueError, match="strategy = 'wieghted' is unknown: did you mean 'weighted'"):
        ArmSpec(strategy="wieghted")


@pytest.mark.parametrize("name", [name for name, study in STUDIES.items() if isinstance(study, Comparison)])
def test_every_comparison_has_controls_and_wrong_boxes(name):
    study = STUDIES[name]
    for each in filter(None, (study, study.stand_ins)):
        rows, pairs = each.with_controls()
        assert set(pairs) | set(pairs.values()) <= set(rows)
        assert all(not rows[control].care for control in pairs.values())
        assert all(rows[arm].strategy == rows[control].strategy for arm, control in pairs.items() if rows[arm].care)
        kinds = {row.boxes for row in rows.values()}
        assert {"shuffled", "random"} <= kinds


def test_a_condition_takes_another_network_at_its_own_size(both):
    here = both[0]
    assert here.with_backbone(None) is here
    assert isinstance(here.with_backbone("resnet18"), Condition)
    assert here.with_backbone("resnet18").lesson.profile.backbone == "resnet18"
