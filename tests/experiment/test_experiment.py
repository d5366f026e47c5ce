import dataclasses

import numpy as np
import pandas as pd
import pytest

from carekit import Care, compare, evaluate, experiment, finetune
from carekit.data.batches import BoxedImages, boxed_rows
from carekit.experiment import Arm, comparing, paired_difference, profiles, summary, training
from carekit.experiment.box_sources import Truth
from carekit.experiment.evaluation import predict
from carekit.experiment.job import checkpoint_path
from carekit.experiment.profiles import Profile, profile
from carekit.material.drawing import skin
from carekit.networks import build
from carekit.training import Schedule

QUICK = Schedule(epochs=2, batch_size=8, lr=2e-3)
PROFILE = Profile("test", 16, "small", False, 24, QUICK, QUICK, sweep_seeds=1)
ARMS = {"without": Arm(Care(alpha=0)), "with": Arm(Care())}


def test_every_seed_is_pretrained_once_and_every_arm_starts_there(tiny):
    runs = compare(tiny, PROFILE, ARMS, [0, 1], progress=False)
    assert [(run.arm, run.seed) for run in runs] == [
        ("pretrained", 0),
        ("pretrained", 1),
        ("without", 0),
        ("with", 0),
        ("without", 1),
        ("with", 1),
    ]
    assert all(len(run.history) == 2 for run in runs)
    model = experiment.load_model(runs[2], tiny, PROFILE)
    scores = evaluate(model, tiny.split("test"))
    assert scores["mca"] == runs[2].scores["mca"]


def test_finished_runs_are_found_again_and_changed_ones_are_not(tiny, monkeypatch):
    first = compare(tiny, PROFILE, ARMS, [0], progress=False)
    monkeypatch.setattr(training, "_train", None)  # would fail if called, in this process
    monkeypatch.setattr(comparing, "cpu_count", lambda: 1)
    again = compare(tiny, PROFILE, ARMS, [0], progress=False)
    pd.testing.assert_frame_equal(experiment.scores(first), experiment.scores(again))
    other = dataclasses.replace(PROFILE, finetune=dataclasses.replace(QUICK, lr=1e-3))
    with pytest.raises(TypeError):
        compare(tiny, other, ARMS, [0], progress=False)


def test_watching_changes_nothing_but_the_history_and_what_was_watched_serves_all(tiny, monkeypatch):
    unwatched, watched = (compare(tiny, PROFILE, ARMS, [0], watched=n, progress=False) for n in (0, 60))
    for before, after in zip(watched, unwatched, strict=True):
        assert before.scores == after.scores
        if before.arm == "pretrained":
            assert before.checkpoint == after.checkpoint
            continue
        assert before.checkpoint != after.checkpoint
        assert before.checkpoint.read_bytes()[-1000:] == after.checkpoint.read_bytes()[-1000:]  # weights
        assert "mca" in before.history and "mca" not in after.history
        assert before.history.loss.tolist() == after.history.loss.tolist()
        after.checkpoint.unlink()
    monkeypatch.setattr(training, "_train", None)
    again = compare(tiny, PROFILE, ARMS, [0], progress=False)
    assert [run.checkpoint for run in again] == [run.checkpoint for run in watched]


def test_arms_with_equal_settings_are_trained_once(tiny, monkeypatch):
    monkeypatch.setattr(comparing, "cpu_count", lambda: 1)
    trained, train = [], training._train
    monkeypatch.setattr(training, "_train", lambda job: trained.append(job.name) or train(job))
    runs = compare(tiny, PROFILE, {"a": Arm(), "b": Arm(), "c": Arm(Care(tau=0.5))}, [0], progress=False)
    assert trained == ["pretrained", "b", "c"] or trained == ["pretrained", "a", "c"]
    assert [run.arm for run in runs] == ["pretrained", "a", "b", "c"]
    assert runs[1].scores == runs[2].scores != runs[3].scores


def test_one_process_gives_the_same_figures_as_two(tiny, monkeypatch, tmp_path):
    tables = []
    for cores in (1, 2):
        monkeypatch.setenv("CAREKIT_RUNS", str(tmp_path / str(cores)))
        monkeypatch.setattr(comparing, "cpu_count", lambda cores=cores: cores)
        monkeypatch.setattr(comparing, "_WORTH_A_PROCESS", 0)
        tables.append(experiment.scores(compare(tiny, PROFILE, ARMS, [0, 1], progress=False)))
    pd.testing.assert_frame_equal(*tables, check_exact=True)


def test_recall_at_the_controls_false_alarms_is_read_from_the_models_own_curve(tiny):
    runs = compare(tiny, PROFILE, ARMS, [0, 1], progress=False)
    table = experiment.scores(runs, control="without").set_index(["arm", "seed"])
    test = tiny.split("test")
    for run in runs:
        p = predict(experiment.load_model(run, tiny, PROFILE), test).probabilities[:, 1]
        allowed = int(table.loc[("without", run.seed), "false_alarms"])
        others = np.sort(p[test.labels == 0])[::-1]
        threshold = others[allowed] if allowed < len(others) else -1
        expected = (p[test.labels == 1] > threshold).mean()
        assert table.loc[(run.arm, run.seed), "rare_recall_equal"] == expected


def test_each_arm_may_have_a_control_of_its_own(tiny):
    runs = compare(tiny, PROFILE, ARMS | {"less": Arm(Care(tau=0.2))}, [0], progress=False)
    both = experiment.scores(runs, control={"with": "without", "less": "pretrained"}).set_index("arm")
    for arm, control in (("with", "without"), ("less", "pretrained"), ("without", "without")):
        alone = experiment.scores(runs, control=control).set_index("arm")
        assert both.loc[arm, "rare_recall_equal"] == alone.loc[arm, "rare_recall_equal"]
    assert all(0 < run.cpu_seconds < 60 for run in runs)


def test_summary_and_paired_difference_by_hand():
    scores = {"a": [0.5, 0.7, 0.6], "b": [0.6, 0.9, 0.75]}
    rows = [
        {"arm": arm, "seed": i, "mca": mca, "auc": 0.5} for arm, each in scores.items() for i, mca in enumerate(each)
    ]
    table = pd.DataFrame(rows)
    found = summary(table, ["mca"])
    assert found.loc["a", ("mca", "mean")] == pytest.approx(0.6)
    assert found.loc["a", ("mca", "±")] == pytest.approx(4.303 * 0.1 / np.sqrt(3), rel=1e-3)  # two degrees of freedom
    two = table[table.seed < 2]
    assert summary(two, ["mca"]).loc["a"].isna().tolist() == [False, True]
    difference = paired_difference(two, "b", "a", ["mca"])
    assert difference.loc["mca", "difference"] == pytest.approx(0.15)
    assert np.isclose(difference.loc["mca", "±"], 12.706 * np.std([0.1, 0.2], ddof=1) / np.sqrt(2), rtol=1e-3)


@pytest.mark.parametrize("installed", [True, False])
def test_the_laptop_takes_the_pretrained_network_or_says_how_to_get_it(monkeypatch, installed):
    monkeypatch.setattr(profiles.efficientnet_lite, "installed", lambda: installed)
    laptop = profile("laptop")
    assert laptop.backbone == ("efficientnet_lite0_early" if installed else "small")
    assert laptop.imagenet == installed and ("pip install" in laptop.note) != installed


def test_profiles_by_name():
    assert profile("paper").pretrain.epochs == 200 and profile("paper").size == 224
    with pytest.raises(ValueError, match="choose one of fast, laptop, paper"):
        profile("huge")


def test_one_stage_takes_the_epochs_of_both_from_fresh_weights(tiny, monkeypatch):
    monkeypatch.setattr(comparing, "cpu_count", lambda: 1)
    arms = {"two": Arm(Care()), "one": Arm(Care(ramp=0.5), stages=1), "plain": Arm(Care(alpha=0), stages=1)}
    runs = compare(tiny, PROFILE, arms, [0], progress=False)
    assert [len(run.history) for run in runs] == [2, 2, 4, 4]
    model = build("small", 2, seed=0)
    train = tiny.split("train")
    images = BoxedImages(train, Truth()(train, boxed_rows(train)), PROFILE.augment)
    history = finetune(model, images, Care(ramp=0.5), dataclasses.replace(QUICK, epochs=4))
    assert history.loss.tolist() == runs[2].history.loss.tolist()
    assert runs[2].history.L_in.notna().all() and runs[3].history.L_in.isna().all()
    with pytest.raises(ValueError, match="stages = 3 is out of range"):
        Arm(stages=3)


def test_several_rare_classes_show_boxes_each_in_its_own_arm(monkeypatch):
    """Table 10: masks of DF, of DF and VASC, of DF, VASC and AKIEC; the boxed images are those of these classes."""
    monkeypatch.setattr(comparing, "cpu_count", lambda: 1)
    counts = {"df": 3, "vasc": 4, "akiec": 5, "bcc": 6, "bkl": 6, "mel": 6, "nv": 8}
    data = skin(0, 32, counts, test_counts=dict.fromkeys(counts, 2))
    sets = {"DF": ("df",), "DF, VASC": ("df", "vasc"), "DF, VASC, AKIEC": ("df", "vasc", "akiec")}
    arms = {name: Arm(Care(average="class"), classes=classes) for name, classes in sets.items()}
    train = data.split("train")
    for name, classes in sets.items():
        images = arms[name].images(train, PROFILE)
        assert {data.classes[train.labels[i]] for i in images.boxes} == set(classes)
        assert len(images.boxes) == sum(counts[c] for c in classes)
    runs = compare(data, dataclasses.replace(PROFILE, size=32), arms, [0], progress=False)
    found = experiment.scores(runs).set_index("arm")
    assert {f"recall_{name}" for name in data.classes} <= set(found.columns)
    weights = {run.arm: experiment.load_model(run, data, PROFILE).linear_head.weight.sum().item() for run in runs}
    assert len(set(weights.values())) == 4
    with pytest.raises(ValueError, match="class = 'vasq' is unknown: did you mean 'vasc'"):
        Arm(classes=("vasq",)).images(train, PROFILE)


def test_a_difference_of_differences_is_paired_by_seed():
    def table(gains):
        rows = [("a", seed, 0.5 + gain) for seed, gain in enumerate(gains)] + [("b", s, 0.5) for s in range(len(gains))]
        return pd.DataFrame(rows, columns=["arm", "seed", "mca"])

    found = experiment.difference_of_differences(table([0.3, 0.4]), table([0.1, 0.0]), "a", "b", ["mca"])
    assert found.loc["mca", "difference"] == pytest.approx(0.3)
    half = 12.706 * np.std([0.2, 0.4], ddof=1) / np.sqrt(2)
    assert found.loc["mca", "±"] == pytest.approx(half, rel=1e-3)


def test_half_a_data_set_is_refused_in_a_sentence(tiny):
    with pytest.raises(ValueError, match="Tiny has no test image to judge by: give the whole data set"):
        compare(tiny.split("train"), PROFILE, {}, [0], progress=False)
    with pytest.raises(ValueError, match="Tiny has no train image to learn from"):
        compare(tiny.split("test"), PROFILE, {}, [0], progress=False)


def test_what_a_kill_left_of_a_checkpoint_goes_before_its_run_goes_on(tmp_path):
    from carekit.experiment.training import _remove_torn

    torn = tmp_path / ".key.unfinished.0123abcd.part"
    torn.mkdir()
    (torn / ".tmpX").touch()
    for name in (".key.safetensors.77", ".key.lock", "key.unfinished", ".other.safetensors.77"):
        (tmp_path / name).touch()
    _remove_torn(tmp_path / "key.safetensors")
    assert sorted(path.name for path in tmp_path.iterdir()) == [".key.lock", ".other.safetensors.77", "key.unfinished"]


@pytest.mark.parametrize("name", profiles.PROFILES)
def test_a_profile_runs_where_it_is_asked_to_and_names_its_runs_by_it(name, tiny):
    assert profile(name, device="cuda").device == "cuda" and profile(name, device="cpu").device == "cpu"
    assert profile(name, device="cuda", backbone="small").device == "cuda"
    asked = [profile(name, device=device) for device in ("cpu", "cuda")]
    assert len({checkpoint_path(tiny, each, 0) for each in asked}) == 2


def test_all_of_a_run_is_on_the_profiles_device(tiny, monkeypatch):
    """Without a GPU: torch's "meta" device holds no numbers, so a run there fails only at the first that it reads."""
    monkeypatch.setattr(comparing, "cpu_count", lambda: 1)
    places = []
    monkeypatch.setattr(training, "pretrain", lambda model, *_, **__: places.append(model.device.type) or 1 / 0)
    with pytest.raises(ZeroDivisionError):
        compare(tiny, dataclasses.replace(profile("fast", device="meta"), size=16), ARMS, [0], progress=False)
    assert places == ["meta"]
