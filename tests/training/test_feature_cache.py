import shutil
import threading
from dataclasses import replace

import numpy as np
import pytest
import torch

from carekit.data.batches import BoxedImages
from carekit.data.cached import network_for
from carekit.experiment import Arm, compare
from carekit.experiment.evaluation import predict
from carekit.experiment.profiles import Profile
from carekit.material.drawing import skin
from carekit.networks import build
from carekit.objectives import Care, Gain, InputGradient
from carekit.strategies import STRATEGIES
from carekit.strategies.embedding import class_centres
from carekit.training import Schedule, cached, feature_cache, feature_folder, finetune, pretrain

SCHEDULE = Schedule(epochs=2, batch_size=7, seed=3)
EARLY = "efficientnet_lite0_early"


@pytest.fixture(scope="module")
def data():
    return skin(0, 48, {"nv": 23, "df": 10}, {"nv": 5, "df": 4})


@pytest.fixture
def train(data):
    return data.split("train")


def test_the_same_seed_gives_the_same_bits_with_and_without_what_is_kept(data, train):
    models = []
    for images in (train, cached(build(EARLY, 7, seed=1), train, flips=True)):
        model = build(EARLY, 7, seed=1)
        pretrain(model, BoxedImages(images, {}, "flip"), SCHEDULE)
        finetune(model, BoxedImages(images, None, "flip"), Care(), SCHEDULE)
        models.append(model)
    with_it, without = (model.state_dict() for model in models)
    assert all(torch.equal(with_it[name], without[name]) for name in without)
    start = build(EARLY, 7, seed=1).state_dict()
    assert not torch.equal(start["trunk.0.weight"], without["trunk.0.weight"])  # they were trained at all
    test = data.split("test")
    direct = predict(models[0], test)
    by_way_of_disk = predict(models[0], cached(models[0], test))
    np.testing.assert_array_equal(direct.probabilities, by_way_of_disk.probabilities)
    np.testing.assert_array_equal(direct.maps, by_way_of_disk.maps)


def test_every_flip_is_that_of_the_image_whatever_its_batch(train):
    model = build(EARLY, 7).eval()
    kept = cached(model, train, flips=True)
    rows = np.array([32, 0, 5])
    images = train.tensor(rows)
    for flip, axes in enumerate([[], [3], [2], [2, 3]]):
        with torch.no_grad():
            direct = model.early(images.flip(axes))
        assert torch.equal(kept.tensor(rows, np.full(3, flip)), direct)


def test_masks_follow_the_flips_exactly(train):
    kept = cached(build(EARLY, 7), train, flips=True)
    rows = [0, 30, 31, 25, 32, 28, 29, 24]
    turned = 0
    for seed in range(4):
        batches = []
        for source in (BoxedImages(train, None, "flip"), BoxedImages(kept, None, "flip")):
            torch.manual_seed(seed)
            batches.append(source.__getitems__(rows))
        images, features = batches
        assert torch.equal(images.m_in, features.m_in)
        assert torch.equal(images.has_box, features.has_box)
        with torch.no_grad():
            early = build(EARLY, 7).early(images.images.float() / 255)
        assert torch.equal(features.images, early)
        turned += not torch.equal(images.m_in, BoxedImages(train).__getitems__(rows).m_in)
    assert turned  # at least one of the seeds flipped something


@pytest.fixture
def counted(monkeypatch):
    """The rows of which features were computed, in the order of the computation; `stop` ends it after so many."""
    calls = []
    plain = feature_cache._fill

    def fill(*given):
        if len(calls) == counts.get("stop"):
            raise KeyboardInterrupt
        calls.append(given[-1])
        return plain(*given)

    counts = {}
    monkeypatch.setattr(feature_cache, "_fill", fill)
    monkeypatch.setattr(feature_cache, "cores", lambda: 1)
    return calls, counts


def test_what_was_stopped_half_way_resumes(train, counted, tmp_path):
    calls, counts = counted
    model = build(EARLY, 7)
    counts["stop"] = 2
    with pytest.raises(KeyboardInterrupt):
        cached(model, train, flips=True, folder=tmp_path / "a")
    assert not [path for path in (tmp_path / "a").iterdir() if path.is_dir() and not path.name.startswith(".")]
    counts["stop"] = None
    resumed = cached(model, train, flips=True, folder=tmp_path / "a")
    assert sorted(calls) == [0, 16, 32]  # each once
    whole = cached(model, train, flips=True, folder=tmp_path / "b")
    assert np.array_equal(resumed.features[:], whole.features[:])
    again = len(calls)
    cached(model, train, flips=True, folder=tmp_path / "a")
    assert len(calls) == again  # found


def test_two_that_ask_at_the_same_time_compute_once(train, counted, tmp_path):
    calls, _ = counted
    model = build(EARLY, 7)
    where = {"flips": False, "folder": tmp_path}
    threads = [threading.Thread(target=cached, args=(model, train), kwargs=where) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(calls) == [0, 16, 32]


def test_other_images_weights_and_flips_have_features_of_their_own(train, counted):
    calls, _ = counted
    one, other = build(EARLY, 7, seed=0), build(EARLY, 7, seed=1)
    changed = replace(train, images=255 - train.read(np.arange(len(train))))
    for number, (model, data, flips) in enumerate(
        [(one, train, False), (one, changed, False), (other, train, False), (one, train, True)], start=1
    ):
        cached(model, data, flips=flips)
        assert len(calls) == 3 * number
    cached(one, changed, flips=False)
    assert len(calls) == 12


@pytest.fixture
def computed(monkeypatch):
    """How many images went through the frozen layers, chunk by chunk."""
    numbers, plain = [], feature_cache._early

    def early(model, data, rows, flips):
        numbers.append(len(rows))
        return plain(model, data, rows, flips)

    monkeypatch.setattr(feature_cache, "_early", early)
    return numbers


def test_an_image_that_another_set_has_is_not_computed_again(train, computed, tmp_path):
    model = build(EARLY, 7, seed=1)
    images = train.read(np.arange(len(train)))
    images[[3, 20]] = 255 - images[[3, 20]]
    order = np.random.default_rng(0).permutation(len(train))
    other = replace(train, images=images).take(order)
    fresh = cached(model, other, flips=True, folder=tmp_path / "alone")
    cached(model, train, flips=True, folder=tmp_path / "both")
    computed.clear()
    for flips in (True, False):  # the flips that were kept hold the images as they are, too
        found = cached(model, other, flips=flips, folder=tmp_path / "both")
        assert np.array_equal(found.features[:], fresh.features[:] if flips else fresh.features[::4])
        assert sum(computed) == (2 if flips else 0) + 1  # one more for the shape of the features
        computed.clear()


def test_neither_other_layers_nor_fewer_flips_nor_what_is_damaged_are_taken_over(train, computed, tmp_path):
    cached(build(EARLY, 7, seed=1), train, flips=False, folder=tmp_path)
    for model, flips in ((build(EARLY, 7, seed=2), False), (build(EARLY, 7, seed=1), True)):
        computed.clear()
        cached(model, train, flips=flips, folder=tmp_path)
        assert sum(computed) == len(train) + 1
    for file in tmp_path.glob(f"*/{feature_folder.PIXELS}"):
        file.write_bytes(file.read_bytes()[:-1] + bytes([file.read_bytes()[-1] ^ 1]))
    computed.clear()
    cached(build(EARLY, 7, seed=1), train.take(np.arange(20)), flips=False, folder=tmp_path)
    assert sum(computed) == 20 + 1


def test_a_limit_and_a_full_disk_are_told_before_anything_is_computed(train, counted, tmp_path, monkeypatch):
    calls, _ = counted
    model = build(EARLY, 7)
    with pytest.raises(OSError, match="the features need 0 MB and the limit is 0 MB: raise it, or take fewer images"):
        cached(model, train, flips=True, limit=1000, folder=tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10, 10, 0))
    with pytest.raises(OSError, match="has 0 MB free, the features need .* MB: make room"):
        cached(model, train, flips=True, folder=tmp_path)
    assert calls == []
    assert all(path.suffix == ".lock" for path in tmp_path.iterdir())


@pytest.mark.parametrize("harm", ["torn", "other", "shorter", "flipped", "pixels"])
def test_damaged_features_are_refused_in_one_sentence(harm, train, tmp_path):
    model = build(EARLY, 7)
    cached(model, train, flips=False, folder=tmp_path / "kept")
    (folder,) = (path for path in (tmp_path / "kept").iterdir() if path.is_dir())
    file, about = folder / feature_cache.FEATURES, folder / feature_cache.ABOUT
    if harm == "torn":
        file.write_bytes(file.read_bytes()[:-1000])
    elif harm == "shorter":
        np.save(file, np.load(file)[:-1])
    elif harm in ("flipped", "pixels"):
        file = file if harm == "flipped" else folder / feature_folder.PIXELS
        data = bytearray(file.read_bytes())
        data[-1] ^= 1
        file.write_bytes(data)
    else:
        about.write_text(about.read_text().replace('"n": 33', '"n": 34'))
    with pytest.raises(ValueError, match=f"the features in {folder} are .*: delete the folder"):
        cached(model, train, flips=False, folder=tmp_path / "kept")


def test_a_network_without_frozen_layers_keeps_nothing(train):
    assert cached(build("small", 7), train, flips=True) is train


def test_what_was_not_kept_is_refused(data, train):
    model = build(EARLY, 7)
    kept = cached(model, train, flips=False)
    with pytest.raises(ValueError, match="'flip' changes images in ways that were not kept"):
        BoxedImages(kept, {}, "flip")
    with pytest.raises(ValueError, match="'strong' changes images"):
        BoxedImages(cached(model, train, flips=True), {}, "strong")
    with pytest.raises(ValueError, match="keep them with flips=True"):
        kept.tensor(np.array([1]), np.array([3]))


def test_an_experiment_uses_them_and_scores_the_same(data, monkeypatch, tmp_path, counted):
    calls, _ = counted
    schedule = Schedule(epochs=1, batch_size=8)
    profile = Profile("tiny", 48, EARLY, False, 33, schedule, schedule, sweep_seeds=1)
    monkeypatch.setattr("carekit.experiment.comparing.cpu_count", lambda: 1)
    tables = []
    for name in ("with", "without"):
        monkeypatch.setenv("CAREKIT_RUNS", str(tmp_path / name))
        if name == "without":
            monkeypatch.setattr(feature_cache, "cached", lambda _model, data, **_: data)
        tables.append([run.scores for run in compare(data, profile, {"care": Arm()}, [0], progress=False)])
    assert sorted(set(calls)) == [0, 16, 32]
    assert tables[0] == tables[1]


def test_an_objective_that_differentiates_by_the_image_is_given_the_image(train, tmp_path):
    schedule = Schedule(epochs=1)
    profile = Profile("tiny", 48, EARLY, False, 33, schedule, schedule, sweep_seeds=1)
    features = cached(build(EARLY, 7), train, flips=True, folder=tmp_path)
    assert Arm(InputGradient()).images(features, profile).__getitems__([0]).images.shape[1] == 3
    assert Arm(Care()).images(features, profile).data is features


def test_a_part_of_a_cached_set_has_its_own_features_and_another_size_none(train, tmp_path):
    features = cached(build(EARLY, 7), train, flips=True, folder=tmp_path)
    chosen = np.arange(len(train)) % 3 == 0
    part = features.take(chosen)
    rows = np.flatnonzero(chosen)
    for flip in range(4):
        flips = np.full(len(rows), flip)
        assert torch.equal(part.tensor(np.arange(len(rows)), flips), features.tensor(rows, flips))
    assert np.array_equal(part.read([1]), train.read([rows[1]])) and part.labels.tolist() == train.labels[rows].tolist()
    assert features.resized(48) is features
    assert features.resized(24).tensor([0]).shape == (1, 3, 24, 24)


def test_random_flips_draw_as_before(tiny):
    """The draws of the augmentation decide the course's figures: left-right for all images first, then upside-down."""
    batch = BoxedImages(tiny, None, "flip")
    torch.manual_seed(5)
    got = batch.__getitems__(list(range(8))).images
    torch.manual_seed(5)
    wanted = tiny.tensor(range(8))
    for axis in (3, 2):
        chosen = torch.rand(8) < 0.5
        wanted[chosen] = wanted[chosen].flip(axis)
    assert torch.equal(got.float() / 255, wanted)


@pytest.mark.parametrize("name", ["siamese", "decoupling", "crt", "lws", "undersampling"])
def test_a_strategy_gives_the_same_bits_with_and_without_what_is_kept(name, train):
    weights = []
    for source in (train, cached(build(EARLY, 7, seed=1), train, flips=True)):
        model = build(EARLY, 7, seed=1)
        objective = Care(second_order=name in ("crt", "lws"))
        images = BoxedImages(source, None, "flip")
        finetune(model, images, objective, replace(SCHEDULE, epochs=1), strategy=STRATEGIES.named(name))
        weights.append(torch.cat([value.flatten().float() for value in model.state_dict().values()]))
    assert torch.equal(*weights)


def test_class_centres_are_the_same_from_kept_features(train):
    model = build(EARLY, 7, seed=1)
    features = cached(model, train)
    centres = [
        class_centres(network_for(model, source), BoxedImages(source, {}, "none")) for source in (train, features)
    ]
    assert torch.equal(centres[0].nan_to_num(), centres[1].nan_to_num()) and centres[0][:2].abs().nansum() > 0


@pytest.mark.parametrize(
    "objective, strategy",
    [(Gain(), "plain"), (InputGradient(), "plain"), (Care(), "mixup"), (Care(), "cutmix"), (Care(), "augmentation")],
)
def test_what_needs_the_images_is_refused_in_one_sentence(objective, strategy, train):
    model = build(EARLY, 7)
    images = BoxedImages(cached(model, train), None, "none")
    asks = "Gain|InputGradient" if strategy == "plain" else "Mixup|CutMix|Augmentation"
    with pytest.raises(ValueError, match=rf"^({asks})\(.*needs the images, and only kept features") as caught:
        finetune(model, images, objective, SCHEDULE, strategy=STRATEGIES.named(strategy))
    assert "\n" not in str(caught.value)
