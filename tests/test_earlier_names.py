import pytest


def test_the_earlier_names_are_the_same_things():
    from carekit import backbones, imbalance, models, strategies

    for earlier, module in ((imbalance, strategies), (models, backbones)):
        assert earlier.__all__
        for name in earlier.__all__:
            assert getattr(earlier, name) is getattr(module, name)


def test_their_lines_still_run():
    from carekit.imbalance import FocalLoss, class_weights
    from carekit.models import build

    weights = class_weights([30, 10])
    assert weights.tolist() == pytest.approx([2 / 3, 2])
    assert FocalLoss(2.0, weights).weight is weights
    assert build("small", 3).n_classes == 3
