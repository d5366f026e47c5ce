from importlib import import_module

import pandas as pd
import pytest
import torch

from carekit import Care, finetune, pretrain
from carekit.data.batches import Batch, BoxedImages, boxed_rows
from carekit.experiment.box_sources import Truth
from carekit.networks import build, checkpoints
from carekit.training import Schedule, train_step

SCHEDULE = Schedule(epochs=3, batch_size=8, lr=2e-3, seed=5)


def boxed(data, classes=None, augment="none"):
    return BoxedImages(data, Truth()(data, boxed_rows(data, classes)), augment)


def weights(model):
    return torch.cat([value.flatten().float() for value in model.state_dict().values()])


def test_the_loss_falls_and_the_history_tells_its_parts(tiny):
    model = build("small", 2)
    first = pretrain(model, boxed(tiny), Schedule(epochs=6, batch_size=8, lr=3e-3))
    assert first.loss.iloc[-1] < first.loss.iloc[0] / 2
    assert list(first.epoch) == [1, 2, 3, 4, 5, 6] and first.L_in.isna().all()
    second = finetune(model, boxed(tiny), Care(tau=1.0), Schedule(epochs=6, batch_size=8, lr=3e-3))
    attention = second.L_in + second.L_out
    assert attention.iloc[-1] < attention.iloc[0] - 0.1


def test_a_seed_repeats_bit_for_bit(tiny):
    runs = []
    for seed in (5, 5, 6):
        model = build("small", 2, seed=1)
        schedule = Schedule(epochs=2, batch_size=8, lr=2e-3, seed=seed)
        finetune(model, boxed(tiny, augment="strong"), Care(), schedule)
        runs.append(weights(model))
    assert torch.equal(runs[0], runs[1])
    assert not torch.equal(runs[0], runs[2])


def test_training_leaves_the_global_generator_alone(tiny):
    torch.manual_seed(1)
    before = torch.get_rng_state()
    pretrain(build("small", 2), boxed(tiny, augment="flip"), SCHEDULE)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_stopped_run_goes_on_as_if_it_had_not_stopped(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(import_module("carekit.training.stages"), "SAVE_AFTER", 0)
    images, file = boxed(tiny, augment="flip"), tmp_path / "run.safetensors"
    whole = build("small", 2, seed=1)
    expected = finetune(whole, images, Care(), SCHEDULE)

    class Stop(Exception):
        pass

    def stop_in_epoch_2(_model, seen=[]):  # noqa: B006
        seen.append(1)
        if len(seen) == 2:
            raise Stop
        return {}

    with pytest.raises(Stop):
        finetune(build("small", 2, seed=1), images, Care(), SCHEDULE, checkpoint=file, validate=stop_in_epoch_2)
    assert [row["epoch"] for row in checkpoints.read_about(file)["history"]] == [1]
    resumed = build("small", 2, seed=9)
    history = finetune(resumed, images, Care(), SCHEDULE, checkpoint=file)
    assert torch.equal(weights(whole), weights(resumed))
    columns = ["epoch", "loss", "L_c", "L_in", "L_out"]
    pd.testing.assert_frame_equal(history[columns], expected[columns])


def test_short_epochs_are_kept_together_and_the_last_one_always(tiny, tmp_path, monkeypatch):
    written, save = [], checkpoints.save

    def counted(path, model, extra, about):
        written.append(about["history"][-1]["epoch"])
        save(path, model, extra, about)

    monkeypatch.setattr(checkpoints, "save", counted)
    finetune(build("small", 2), boxed(tiny), Care(), SCHEDULE, checkpoint=tmp_path / "run.safetensors")
    assert written == [SCHEDULE.epochs]


def test_a_checkpoint_of_other_settings_is_refused(tiny, tmp_path):
    file = tmp_path / "run.safetensors"
    finetune(build("small", 2), boxed(tiny), Care(tau=0.5), SCHEDULE, checkpoint=file)
    with pytest.raises(ValueError, match="other settings"):
        finetune(build("small", 2), boxed(tiny), Care(tau=0.6), SCHEDULE, checkpoint=file)


def test_the_control_is_the_same_stage_without_attention(tiny):
    """alpha = 0 must give what a plain loop over the same batches gives."""
    control, plain = build("small", 2, seed=1), build("small", 2, seed=1)
    finetune(control, boxed(tiny), Care(alpha=0), SCHEDULE)
    finetune(plain, boxed(tiny, []), Care(alpha=0), SCHEDULE)
    assert torch.equal(weights(control), weights(plain))


def test_attention_without_any_box_is_refused(tiny):
    with pytest.raises(ValueError, match="no training image of the chosen classes has a box"):
        finetune(build("small", 2), boxed(tiny, ["common"]), Care(), SCHEDULE)


def test_validation_figures_stand_in_the_history_and_do_not_change_training(tiny):
    watched, plain = build("small", 2, seed=1), build("small", 2, seed=1)
    history = pretrain(watched, boxed(tiny), SCHEDULE, validate=lambda model: {"training": model.eval().training})
    pretrain(plain, boxed(tiny), SCHEDULE)
    assert "training" in history and torch.equal(weights(watched), weights(plain))


def test_patience_stops_a_stage_whose_loss_no_longer_falls(tiny):
    schedule = Schedule(epochs=50, batch_size=24, lr=1e-9, patience=2, seed=1)
    history = pretrain(build("small", 2), boxed(tiny), schedule)
    assert len(history) < 50


def step(model, batch, lr=1e-3):
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr)
    return train_step(model.train(), batch, Care(), torch.nn.functional.cross_entropy, optimizer, SCHEDULE)


def test_nan_in_an_image_reaches_neither_weights_nor_statistics(tiny):
    batch = boxed(tiny).__getitems__([0, 3])
    images = batch.images.float() / 255
    images[1, 0, 0, 0] = float("nan")
    model = build("small", 2)
    before = weights(model)
    with pytest.raises(ValueError, match="image 1 of the batch holds NaN"):
        step(model, Batch(images, *batch[1:]))
    assert torch.equal(weights(model), before)


def test_an_exploding_loss_is_caught_before_the_weights(tiny):
    model = build("small", 2)
    torch.nn.init.constant_(model.head.classifier.weight, 1e38)
    before = [p.clone() for p in model.parameters()]
    with pytest.raises(FloatingPointError, match="not finite.*lower the learning rate"):
        step(model, boxed(tiny).__getitems__([0, 3, 7]))
    assert all(torch.equal(p, q) for p, q in zip(model.parameters(), before, strict=True))


def test_mixed_precision_computes_the_loss_in_32_bits(tiny):
    batch, parts = boxed(tiny).__getitems__([0, 3, 7]), []
    for bf16 in (False, True):
        model = build("small", 2, seed=1).train()
        optimizer = torch.optim.AdamW(model.parameters())
        schedule = Schedule(epochs=1, bf16=bf16)
        parts.append(train_step(model, batch, Care(tau=1.0), torch.nn.functional.cross_entropy, optimizer, schedule))
    exact, mixed = parts

    def attention(loss):
        return loss.parts["L_in"] + loss.parts["L_out"]

    assert mixed.total.dtype == mixed.parts["L_out"].dtype == torch.float32
    assert 0 < abs(attention(mixed) - attention(exact)) < 0.05


def test_a_mixed_batch_has_the_loss_of_both_labels_and_the_attention_of_its_own(tiny):
    images = boxed(tiny)
    batch = images.__getitems__([0, 3, 7, 8])
    other = batch._replace(mixed_with=torch.tensor([1, 0, 1, 1]), share=0.7)
    found, plain, towards = (
        step(build("small", 2, seed=1), each) for each in (other, batch, batch._replace(labels=other.mixed_with))
    )
    torch.testing.assert_close(found.classification, 0.7 * plain.classification + 0.3 * towards.classification)
    assert found.parts == plain.parts and found.boxed == 2


def test_a_frozen_part_keeps_its_statistics(tiny):
    model = build("small", 2, seed=1)
    model.trunk[3].requires_grad_(False)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    pretrain(model, boxed(tiny), SCHEDULE)
    changed = {name for name, value in model.state_dict().items() if not torch.equal(value, before[name])}
    assert changed == {name for name in before if not name.startswith("trunk.3.")}


def test_the_learning_rate_falls_along_a_cosine_or_stays():
    from carekit.training.schedule import learning_rate

    falling, constant = Schedule(epochs=4, lr=0.1, cosine=True), Schedule(epochs=4, lr=0.1)
    assert [round(learning_rate(falling, e), 4) for e in range(4)] == [0.1, 0.0854, 0.05, 0.0146]
    assert {learning_rate(constant, e) for e in range(4)} == {0.1}


@pytest.mark.parametrize("options", [{"epochs": 0}, {"epochs": 1, "batch_size": 0}, {"epochs": 1, "lr": 2.0}])
def test_a_schedule_out_of_range_is_refused(options):
    with pytest.raises(ValueError, match="must be at least 1|out of range"):
        Schedule(**options)
