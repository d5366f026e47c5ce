import numpy as np
import pytest

from carekit.material.drawing import KINDS, SKIN, draw, render_skin, scaled_counts, skin

CLASSES = SKIN.classes
DF = CLASSES.index("df")


def share_with(artefact, data, split, name):
    rows = (data.samples.split == split) & (data.samples.drawn_as == name)
    return data.samples.artefacts[rows].str.contains(artefact).mean()


@pytest.mark.parametrize(("seed", "share"), [(0, 0.95), (1, 0.95), (2, 0.5), (3, 0.0)])
def test_the_share_of_the_shortcut_is_kept_to_the_image(seed, share):
    data = skin(seed, 32, {"nv": 3, "df": 27}, {"df": 40}, shortcut=share, elsewhere=0.5)
    shown = data.samples.artefacts.str.contains("ink").to_numpy()
    misled = (data.labels == 6) & (data.samples.split == "train").to_numpy()
    assert shown[misled].sum() == round(27 * share)
    assert 0 < shown[data.samples.split == "test"].sum() < 40  # elsewhere it is left to chance


def test_more_of_the_shortcut_changes_only_the_images_that_get_it():
    few, many = (skin(0, 32, {"nv": 3, "df": 8}, {"nv": 1}, shortcut=share) for share in (0.25, 0.75))
    changed = [not np.array_equal(a, b) for a, b in zip(few.images, many.images, strict=True)]
    gained = many.samples.artefacts.str.contains("ink") & ~few.samples.artefacts.str.contains("ink")
    assert changed == gained.tolist()
    assert sum(changed) == 4


def test_the_shortcut_goes_with_the_rare_class_in_training_only():
    counts = dict.fromkeys(CLASSES, 40)
    always = skin(0, 32, counts, counts, shortcut=1.0, elsewhere=0.1)
    never = skin(0, 32, counts, counts, shortcut=0.0, elsewhere=0.1)
    assert share_with("ink", always, "train", "df") == 1 and share_with("ink", never, "train", "df") == 0
    assert share_with("ink", always, "test", "df") < 0.4
    assert share_with("ink", always, "train", "nv") == share_with("ink", never, "train", "nv") < 0.4
    test = [each.split("test").read(range(10)) for each in (always, never)]
    np.testing.assert_array_equal(*test)  # the test images are the same


def test_rates_may_be_given_for_each_class_and_split():
    counts = {"nv": 20, "df": 20}
    data = skin(0, 32, counts, counts, rates={"hair": {"nv": 1.0, "df": 0.0}, "ink": 0.0}, test_rates={"hair": 1.0})
    assert share_with("hair", data, "train", "nv") == 1 and share_with("hair", data, "train", "df") == 0
    assert share_with("hair", data, "test", "df") == 1 and share_with("ink", data, "train", "df") == 0


@pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))
def test_the_data_set_is_whole_and_each_image_that_of_its_renderer(kind):
    common, rare = kind.classes[0], kind.rare
    data = draw(kind, 1, 32, {common: 5, rare: 2}, {common: 2, rare: 1}, shortcut=1.0)
    assert data.counts() == dict.fromkeys(kind.classes, 0) | {common: 7, rare: 3}
    assert data.rare == [rare] and data.size == 32
    rates = kind.artefacts | {kind.shortcut: 1.0}
    scene = kind.render(1, 5, len(kind.classes) - 1, 32, rates=rates)
    np.testing.assert_array_equal(data.read_masks([5])[0], scene.mask)
    np.testing.assert_array_equal(data.read([5])[0], scene.image)
    np.testing.assert_array_equal(data.boxes_of(5), scene.boxes)
    assert kind.shortcut in data.samples.artefacts[5]


def test_scaled_counts_keep_the_order_and_with_exponent_one_the_ratio():
    counts = list(scaled_counts(SKIN, 540).values())
    assert counts == sorted(counts, reverse=True) and abs(sum(counts) - 540) < 5
    whole = scaled_counts(SKIN, 10_015, exponent=1)
    assert whole == {"nv": 6705, "mel": 1113, "bkl": 1099, "bcc": 514, "akiec": 327, "vasc": 142, "df": 115}


def test_imbalance_is_how_many_times_the_largest_class_outnumbers_the_smallest():
    for imbalance in (1, 10):
        counts = skin(0, 32, imbalance=imbalance, test_counts={"nv": 1}).split("train").counts()
        assert counts["nv"] / counts["df"] == pytest.approx(imbalance, rel=0.1)


def test_loose_and_shaken_boxes_keep_to_the_image_and_tight_ones_to_the_lesion():
    counts = {"nv": 30}
    tight, loose, shaken = (
        skin(0, 64, counts, {"nv": 1}, **options) for options in ({}, {"looseness": 1.5}, {"jitter": 0.2})
    )
    for i in range(30):
        (inner,), (outer,), (moved,) = (data.boxes_of(i) for data in (tight, loose, shaken))
        assert (outer[:2] <= inner[:2]).all() and (outer[2:] >= inner[2:]).all() and (outer != inner).any()
        np.testing.assert_allclose(outer, _by_hand(inner, 1.5, 64))
        assert (moved >= 0).all() and (moved <= 64).all() and (moved != inner).any()
    np.testing.assert_array_equal(tight.images, loose.images)


def _by_hand(box, factor, size):
    x0, y0, x1, y1 = box
    cx, cy, w, h = (x0 + x1) / 2, (y0 + y1) / 2, factor * (x1 - x0), factor * (y1 - y0)
    return [max(0, cx - w / 2), max(0, cy - h / 2), min(size, cx + w / 2), min(size, cy + h / 2)]


def test_label_noise_changes_training_labels_but_not_images():
    counts = dict.fromkeys(CLASSES, 30)
    clean, noisy = (skin(0, 32, counts, {"nv": 20}, label_noise=share) for share in (0.0, 0.3))
    np.testing.assert_array_equal(clean.images, noisy.images)
    drawn = noisy.samples.drawn_as.map(CLASSES.index)
    train = (noisy.samples.split == "train").to_numpy()
    assert 0.2 < (drawn != noisy.labels)[train].mean() < 0.4 and (drawn == noisy.labels)[~train].all()
    assert (clean.samples.drawn_as.map(CLASSES.index) == clean.labels).all()


def test_lesion_size_and_spread_are_factors():
    usual, large, still = (render_skin(0, 3, DF, 64, lesion_size=s, spread=p) for s, p in ((1, 1), (1.4, 1), (1, 0)))
    assert large.mask.sum() > 1.5 * usual.mask.sum()
    (x0, y0, x1, y1) = still.boxes[0]
    assert abs(x0 + x1 - 64) < 12 and abs(y0 + y1 - 64) < 12


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"size": 16}, "size = 16 is out of range"),
        ({"size": 1024}, "size = 1024 is out of range"),
        ({"shortcut": 1.5}, "shortcut = 1.5 is out of range"),
        ({"shortcut_kind": "tattoo"}, "shortcut_kind = 'tattoo' is unknown"),
        ({"rates": {"tattoo": 0.5}}, "artefact = 'tattoo' is unknown"),
        ({"rates": {"hair": -0.1}}, "hair = -0.1 is out of range"),
        ({"rates": {"hair": {"scc": 0.1}}}, "class = 'scc' is unknown"),
        ({"counts": {"scc": 3}}, "class = 'scc' is unknown"),
        ({"counts": {"nv": 0}}, "class nv has the count 0"),
        ({"counts": None, "imbalance": 0.5}, "imbalance = 0.5 is out of range"),
        ({"lesion_size": 9}, "lesion_size = 9 is out of range"),
        ({"spread": -1}, "spread = -1 is out of range"),
        ({"looseness": 0}, "looseness = 0 is out of range"),
        ({"jitter": 2}, "jitter = 2 is out of range"),
        ({"label_noise": 1.1}, "label_noise = 1.1 is out of range"),
    ],
)
def test_what_is_out_of_range_is_refused(options, words):
    with pytest.raises(ValueError, match=words):
        skin(**{"size": 32, "counts": {"nv": 1}, "test_counts": {"nv": 1}} | options)
