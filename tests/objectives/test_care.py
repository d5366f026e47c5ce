"""What CARE has beyond the paper's equations: averaging by class, a ramp, another map."""

import pytest
import torch

from carekit import Care, box_masks, finetune
from carekit.data.batches import BoxedImages
from carekit.networks import build
from carekit.training import Schedule


@pytest.fixture
def passed():
    torch.manual_seed(0)
    model = build("small", 4, seed=1).eval()
    labels = torch.tensor([2, 0, 1, 2, 2, 3])
    m_in, has_box = box_masks([[(4, 4, 20, 18)], [], [(8, 2, 30, 30)], [(0, 0, 9, 9)], [(3, 9, 20, 20)], []], (32, 32))
    logits, features = model(torch.rand(6, 3, 32, 32))
    return logits, features, labels, m_in, has_box


def test_by_class_each_class_with_boxes_counts_the_same(passed):
    logits, features, labels, m_in, has_box = passed
    each = {}
    for i in has_box.nonzero()[:, 0].tolist():
        alone = torch.zeros(6, dtype=torch.bool)
        alone[i] = True
        each.setdefault(labels[i].item(), []).append(Care()(logits, features, labels, m_in, alone).attention.item())
    assert {label: len(losses) for label, losses in each.items()} == {1: 1, 2: 3}
    expected = sum(sum(losses) / len(losses) for losses in each.values()) / 2
    by_class = Care(average="class")(logits, features, labels, m_in, has_box)
    by_image = Care()(logits, features, labels, m_in, has_box)
    assert by_class.attention.item() == pytest.approx(expected, rel=1e-5)
    assert by_image.attention.item() == pytest.approx(sum(sum(losses) for losses in each.values()) / 4, rel=1e-5)
    assert by_class.inner == by_image.inner  # what is reported stays the mean over the images


def test_of_one_class_both_means_are_one(passed):
    logits, features, labels, m_in, has_box = passed
    has_box = has_box & (labels == 2)
    losses = [Care(average=how)(logits, features, labels, m_in, has_box).attention for how in ("class", "boxed")]
    torch.testing.assert_close(*losses)


@pytest.mark.parametrize(
    "ramp, alphas", [(0.0, [0.4] * 5), (1.0, [0.08, 0.16, 0.24, 0.32, 0.4]), (0.5, [0.16, 0.32, 0.4, 0.4, 0.4])]
)
def test_alpha_grows_along_a_line_over_its_share_of_the_epochs(ramp, alphas):
    care = Care(alpha=0.4, ramp=ramp)
    assert [round(care.at(epoch, 5).alpha, 6) for epoch in range(5)] == alphas
    assert care.control().at(0, 5).alpha == 0


def test_a_ramp_is_climbed_in_training(tiny):
    """In each epoch the loss is (1 - α) L_c + α L_a with the α of that epoch."""
    history = finetune(
        build("small", 2), BoxedImages(tiny), Care(alpha=0.4, ramp=1.0), Schedule(epochs=2, batch_size=32, lr=1e-3)
    )
    for alpha, row in zip((0.2, 0.4), history.itertuples(), strict=True):
        assert row.loss == pytest.approx((1 - alpha) * row.L_c + alpha * (row.L_in + row.L_out), rel=1e-4)


@pytest.mark.parametrize("method", ["hires_cam", "layer_cam", "grad_cam_pp"])
def test_training_with_another_map_moves_its_attention(method, tiny):
    care = Care(tau=1.0, alpha=0.8, method=method)
    history = finetune(build("small", 2), BoxedImages(tiny), care, Schedule(epochs=6, batch_size=8, lr=3e-3))
    attention = history.L_in + history.L_out
    assert attention.iloc[-1] < attention.iloc[0] - 0.1


def test_bad_values_are_refused():
    with pytest.raises(ValueError, match="ramp = 2 is out of range"):
        Care(ramp=2)
    with pytest.raises(ValueError, match="average = 'classes' is unknown: did you mean 'class'"):
        Care(average="classes")
    with pytest.raises(ValueError, match="method = 'hirescam' is unknown: did you mean 'hires_cam'"):
        Care(method="hirescam")
