"""A row says what it is trained with; wrong boxes stand beside each plain use of CARE."""

import pytest

from carekit.experiment.box_sources import Random, Scaled, Shuffled, Truth
from carekit.objectives import Care
from carekit.research.studies import STUDIES, Comparison
from carekit.research.studies.ground import CLEAN, MISLED, Ground, grounds
from carekit.research.studies.row import Row
from carekit.strategies import STRATEGIES


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """Chest films without and with the mark."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CAREKIT_RUNS", str(tmp_path_factory.mktemp("runs")))
        return grounds(["chest"], {"profile": "fast"})


def test_grounds_differ_in_the_mark_alone(both):
    assert [ground.condition for ground in both] == [CLEAN, MISLED]
    assert {ground.kind for ground in both} == {"chest"}
    clean, misled = (ground.lesson for ground in both)
    assert clean.data.counts() == misled.data.counts() and misled.misled and not clean.misled
    assert both[0].about() == {"data": "chest", "set": "synthetic-chest", "condition": CLEAN}


def test_one_drawn_set_can_be_chosen_and_has_both_conditions_too(both, monkeypatch):
    made = []
    monkeypatch.setattr(
        "carekit.research.studies.ground.load", lambda parameters, _: made.append(parameters) or both[0].lesson.data
    )
    chosen = grounds(["skin", "chest"], {"profile": "fast", "data": "synthetic-chest"})
    assert [ground.condition for ground in chosen] == [CLEAN, MISLED]
    assert [each["shortcut"] for each in made] == [0.03, 0.95]


def test_a_row_takes_the_papers_values_for_its_data(both):
    arm = Row(care=True, strategy="weighted").arm(both[0])
    assert arm.objective == Care(alpha=0.5, tau=0.7, lam=0.5) and arm.strategy == STRATEGIES["weighted"]
    assert Row(care=True, tau=0.2, lam=2.0).arm(both[0]).objective == Care(alpha=0.5, tau=0.2, lam=2.0)


def test_a_control_is_one_run_whatever_its_boxes(both):
    plain = Row().arm(both[0])
    assert plain.objective.alpha == 0 and plain.boxes == Truth()
    assert Row(care=True, alpha=0.0, boxes="shuffled", classes=("opacity",)).arm(both[0]) == plain


def test_wrong_boxes_stand_beside_plain_uses_only(both):
    wrong = Row(care=True, strategy="focal").controls()
    sources = {kind: row.arm(both[0]).boxes for kind, row in wrong.items()}
    assert sources == {"shuffled boxes": Shuffled(), "random boxes": Random()}
    assert all(row.strategy == "focal" for row in wrong.values())
    assert Row().controls() == Row(care=True, tau=0.2).controls() == Row(care=True, boxes="DSR").controls() == {}
    assert Row(care=True, tau=0.7, box_scale=1.0).controls().keys() == wrong.keys()
    assert Row(care=True, box_scale=0.7).arm(both[0]).boxes == Scaled(0.7)
    assert Row(care=True, box_scale=1.0).arm(both[0]) == Row(care=True).arm(both[0])  # one run, trained once


def test_bad_rows_are_refused_with_the_nearest_name():
    with pytest.raises(ValueError, match="boxes = 'shufled' is unknown: did you mean 'shuffled'"):
        Row(boxes="shufled")
    with pytest.raises(ValueError, match="strategy = 'wieghted' is unknown: did you mean 'weighted'"):
        Row(strategy="wieghted")


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


def test_a_ground_takes_another_network_at_its_own_size(both):
    ground = both[0]
    assert ground.with_backbone(None) is ground
    assert isinstance(ground.with_backbone("resnet18"), Ground)
    assert ground.with_backbone("resnet18").lesson.profile.backbone == "resnet18"
