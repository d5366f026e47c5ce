import numpy as np
import pandas as pd
import pytest

from carekit import Care, compare, experiment
from carekit.course.explorers import frame
from carekit.course.explorers.ablation import explore_ablation, numbers, setting_maps
from carekit.course.explorers.ablation.numbers import axis_range, colour_range
from carekit.course.explorers.overlay import inside, mask_of
from carekit.experiment import Arm, evaluation
from carekit.experiment.profiles import Profile
from carekit.method.metrics import HEADLINE, METRICS, Metric
from carekit.research.figures.labels import label_of
from carekit.training import Schedule

WITHOUT = "without attention"
SWEEPS = {"alpha": [0.1, 0.5], "tau": [0.2, 0.7, 1.0]}
ARMS = ["pretrained", WITHOUT, *(f"{name} = {value}" for name in SWEEPS for value in SWEEPS[name])]
INSIDE = "share of attention inside the box"


@pytest.fixture
def scene(tiny):
    """A table of three seeds, the images with a box, and maps with no symmetry, one of them zero everywhere."""
    rng = np.random.default_rng(0)
    runs = [{"arm": arm, "seed": s} for arm in ARMS for s in range(3)]
    runs = [run | {metric: rng.random() for metric in HEADLINE} for run in runs]
    rows = np.flatnonzero(tiny.labels == 1)[:3]
    maps = rng.random((len(ARMS), 3, 5, 7)).astype(np.float32)
    maps[3, 1] = 0
    return experiment.summary(pd.DataFrame(runs)), WITHOUT, SWEEPS, tiny, rows, maps


def test_attention_inside_is_that_of_the_evaluation(scene):
    *_, data, rows, maps = scene
    for i, row in enumerate(rows):
        for map_ in maps[:, i]:
            found = evaluation.Predictions(np.full((1, 2), 0.5), data.labels[[row]], map_[None])
            expected = evaluation.measure(found, data.take([row]))["attention_inside"]
            m_in = mask_of(data.boxes_of(row), data.size)
            share, lift = inside(map_, m_in)
            assert share == pytest.approx(expected, abs=1e-6) and lift == pytest.approx(share / m_in.mean())
    assert inside(maps[3, 1], m_in) == (0, 0)
    assert np.isnan(inside(maps[0, 0], np.zeros((16, 16), np.uint8))[1])


def test_maps_of_the_settings_are_those_of_each_arms_first_seed(tiny, monkeypatch):
    monkeypatch.setattr(experiment.comparing, "cpu_count", lambda: 1)
    quick = Schedule(epochs=1, batch_size=8, lr=2e-3)
    profile = Profile("test", 16, "small", False, 24, quick, quick, sweep_seeds=1)
    runs = compare(
        tiny, profile, {WITHOUT: Arm(Care(alpha=0)), "tau = 0.2": Arm(Care(tau=0.2))}, [4, 5], progress=False
    )
    test = tiny.split("test")
    rows = np.flatnonzero(test.labels == 1)[::-1]
    maps = setting_maps(runs[::-1], test, profile, rows)
    arms = list(experiment.summary(experiment.scores(runs[::-1])).index)
    assert len(maps) == len(arms) == 3
    for arm, found in zip(arms, maps, strict=True):
        run = next(run for run in runs if run.arm == arm and run.seed == 4)
        expected = evaluation.predict(experiment.load_model(run, tiny, profile), test).maps[rows]
        assert np.allclose(found, expected, atol=1e-5)
    assert len({map_.tobytes() for map_ in maps}) == 3


@pytest.mark.parametrize(
    ("means", "halves", "expected"),
    [
        ([0.2, 0.8], [0.1, 0.1], (0.2, 0.8)),
        ([0.5, 0.52], [0.1, 0.1], (0.41, 0.61)),
        ([0.2, np.nan, 0.8], [np.nan] * 3, (0.2, 0.8)),
        ([np.nan], [np.nan], (0, 1)),
    ],
)
def test_noise_does_not_get_the_whole_range_of_colours(means, halves, expected):
    assert colour_range(np.array(means), np.array(halves)) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("means", "halves", "expected"),
    [
        ([0.52, 0.68], [0.01, np.nan], (0.5, 0.7)),
        ([0.1, 0.9], [0.3, 0.3], (0, 1)),
        ([0.5, 0.5], [0.0, 0.0], (0.5, 0.6)),
        ([1.0, np.nan], [0.0, np.nan], (0.9, 1)),
        ([np.nan], [np.nan], (0, 1)),
    ],
)
def test_the_axis_holds_all_intervals(means, halves, expected):
    assert axis_range(np.array(means), np.array(halves)) == pytest.approx(expected)


def test_the_browser_has_the_same_numbers(scene, displayed, page, settle):
    table, _, _, data, rows, maps = scene
    explore_ablation(*scene)
    choices = displayed[0][frame.MIME]["controls"][1]["choices"]
    assert [each["key"] for each in choices] == list(HEADLINE)
    tab = page()
    for s, setting in enumerate(ARMS):
        f, i = s % 4, s % 3
        figure = HEADLINE[f]
        shown = settle(tab, setting=setting, metric=figure, image=i, parameter=("alpha", "tau")[s % 2])
        m_in = mask_of(data.boxes_of(rows[i]), data.size)
        (here, lift), (there, control_lift) = (inside(maps[k, i], m_in) for k in (s, 1))
        (mean, half), (mean_control, half_control) = (
            table.loc[row, figure][["mean", "±"]] for row in (setting, WITHOUT)
        )
        expected = {"mean": mean, "half": half, "control_mean": mean_control, "control_half": half_control}
        assert shown == pytest.approx(expected | {"inside": here, "control_inside": there}, abs=1e-5)
        control = f"; {WITHOUT}: {mean_control:.3f} ± {half_control:.3f}"
        control_share = f"; {WITHOUT}: {there:.3f} ({control_lift:.1f} × the box’s area)"
        if setting == WITHOUT:
            control = control_share = ""
        assert tab.inner_text(".ck-words") == (
            f"{setting}: {label_of(figure)} {mean:.3f} ± {half:.3f}{control}. Share of attention inside the box of "
            f"this image: {here:.3f} ({lift:.1f} × the box’s area){control_share}."
        )


def test_a_setting_of_one_seed_has_no_interval_and_one_without_boxes_no_attention(scene, displayed, page, settle):
    table, *rest = scene
    table = table.copy()
    table[[(name, "±") for name in HEADLINE]] = np.nan
    table["attention_inside", "mean"] = np.nan
    explore_ablation(table, *rest)
    tab = page()
    shown = settle(tab, setting="tau = 0.2", metric="attention_inside")
    assert np.isnan([shown["mean"], shown["half"]]).all() and f"{INSIDE} unknown" in tab.inner_text(".ck-words")
    assert tab.get_by_role("gridcell").nth(3).inner_text() == "–"
    settle(tab, metric="mca")
    assert "(one seed)" in tab.inner_text(".ck-words")


def test_arrow_keys_choose_a_cell_and_with_it_map_line_and_parameters(scene, displayed, page):
    table, *_ = scene
    explore_ablation(*scene)
    tab = page()
    chosen = tab.locator("td[tabindex='0']")
    assert chosen.get_attribute("aria-label").startswith("alpha = 0.5, recall")
    chosen.focus()
    pixels = "[...document.querySelectorAll('canvas')].map((canvas) => canvas.toDataURL())"
    before = tab.evaluate(pixels)
    for key in ("ArrowDown", "ArrowRight", "ArrowRight", "End", "ArrowRight"):
        tab.keyboard.press(key)
    tab.wait_for_function("document.querySelector('.ck-words').textContent.startsWith('tau = 0.2: share of attention')")
    after = tab.evaluate(pixels)
    assert after[0] != before[0] and after[1] == before[1]
    mean, half = table.loc["tau = 0.2", "attention_inside"][["mean", "±"]]
    focused = tab.locator("td:focus")
    assert focused.get_attribute("aria-label") == f"tau = 0.2, share inside {mean:.2f} ± {half:.2f}"
    assert focused.get_attribute("aria-selected") == "true" and tab.locator("[aria-selected='true']").count() == 1
    assert tab.get_by_label("Parameter", exact=True).input_value() == "tau"
    assert tab.get_by_label("Setting", exact=True).input_value() == "tau = 0.2"
    assert tab.get_by_label("Figure", exact=True).locator("option:checked").inner_text() == INSIDE
    tab.get_by_role("button", name="Copy parameters").click()
    assert tab.inner_text(".ck-line") == "tau = 0.2"


def test_numbers_are_readable_on_their_colours(scene, displayed, page):
    explore_ablation(*scene)
    tab = page()
    styles = "(cells) => cells.map((cell) => [getComputedStyle(cell).backgroundColor, getComputedStyle(cell).color])"

    def luminance(colour):
        share = np.array([int(part) for part in colour.strip("rgb()").split(",")]) / 255
        return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4) @ [0.2126, 0.7152, 0.0722]

    pairs = tab.locator("td").evaluate_all(styles)
    assert len(pairs) == 4 * len(ARMS) and len({back for back, _ in pairs}) > 10
    for pair in pairs:
        low, high = sorted(luminance(colour) for colour in pair)
        assert (high + 0.05) / (low + 0.05) >= 4.5


def test_the_line_has_its_points_intervals_and_the_control(scene, displayed, page, settle):
    table, *_ = scene
    explore_ablation(*scene)
    tab = page()
    for parameter, setting, chosen in (("tau", "tau = 1.0", 1), ("alpha", "tau = 1.0", 0), ("tau", WITHOUT, 0)):
        settle(tab, parameter=parameter, setting=setting)
        points = len(SWEEPS[parameter])
        assert tab.locator("svg circle").count() == points + chosen and tab.locator("svg path").count() == points
        assert tab.locator("svg polyline").count() == 2 and tab.locator("svg rect").count() == 1
    words_ = tab.locator("svg").get_attribute("aria-label")
    for row in ("tau = 0.2", "tau = 1.0", WITHOUT):
        mean, half = table.loc[row, "rare_recall"][["mean", "±"]]
        assert f"{row.removeprefix('tau = ').removesuffix('.0')}: {mean:.2f} ± {half:.2f}" in words_


def test_what_is_not_in_the_study_is_said_and_nothing_stale_is_seen(scene, displayed, page, settle):
    explore_ablation(*scene)
    tab = page()
    settle(tab, image=9)
    assert (
        "Image 9 is not there: choose 0 to 2, or reset." == tab.inner_text(".ck-alarm")
        and not tab.locator("canvas").first.is_visible()
    )
    settle(tab, image=2)
    assert not tab.locator(".ck-alarm").is_visible() and tab.locator("canvas").first.is_visible()


def test_presets_and_a_guess(scene, displayed, page):
    table, *_ = scene
    explore_ablation(*scene)
    tab = page()
    swept = table.drop(["pretrained", WITHOUT])
    tab.get_by_role("button", name="Largest share inside").click()
    best = swept["attention_inside"]["mean"].idxmax()
    assert tab.get_by_label("Setting", exact=True).input_value() == best
    tab.get_by_role("button", name="No attention").click()
    tab.wait_for_function(f"document.querySelector('.ck-words').textContent.startsWith('{WITHOUT}: {INSIDE}')")
    tab.get_by_label("Predict first").check()
    tab.locator("table").wait_for(state="hidden")
    tab.get_by_label("Your guess of this setting's mean").fill("0.25")
    tab.get_by_role("button", name="Look").click()
    tab.wait_for_function("document.querySelector('.ck-words').textContent.startsWith('You guessed 0.250; it is')")


def test_a_metric_from_outside_is_one_choice_more(scene, displayed, page, settle, monkeypatch):
    monkeypatch.setitem(METRICS, "called", Metric("share called rare", "called", (0, 1), lambda judged: 0.5))
    table, *rest = scene
    table = table.copy()
    table[("called", "mean")], table[("called", "±")] = np.linspace(0, 1, len(table)), 0.1
    explore_ablation(table, *rest)
    tab = page()
    shown = settle(tab, metric="called", setting="tau = 0.2")
    assert shown["mean"] == pytest.approx(table.loc["tau = 0.2", ("called", "mean")])
    assert "tau = 0.2: share called rare 0." in tab.inner_text(".ck-words")
    assert tab.locator("thead th").all_inner_texts()[-1] == "called"


def test_only_some_images_are_sent_and_the_still_picture_has_words(scene, displayed, monkeypatch):
    from carekit.course.explorers.ablation import view

    table, *_, data, rows, maps = scene
    monkeypatch.setattr(view, "MOST", 2)
    explore_ablation(*scene)
    (bundle,) = displayed
    sent = bundle[frame.MIME]["scene"]
    assert sent["images"]["shape"][0] == sent["maps"]["shape"][1] == len(sent["boxes"]) == 2 < numbers.MOST
    mean, half = table.loc["alpha = 0.5", "rare_recall"][["mean", "±"]]
    share, lift = inside(maps[ARMS.index("alpha = 0.5"), 0], mask_of(data.boxes_of(rows[0]), data.size))
    start = f"alpha = 0.5: recall of the rare class {mean:.3f} ± {half:.3f}; {WITHOUT}: "
    assert bundle["text/plain"].startswith(start)
    assert f"inside the box of this image: {share:.3f} ({lift:.1f} × the box’s area); {WITHOUT}" in bundle["text/plain"]
    assert bundle["image/png"]


def test_what_does_not_fit_is_refused_in_a_sentence(scene):
    table, control, sweeps, data, rows, maps = scene
    with pytest.raises(ValueError, match="no row 'CARE off'"):
        explore_ablation(table, "CARE off", sweeps, data, rows, maps)
    with pytest.raises(ValueError, match=r"no row 'alpha = 0\.9'"):
        explore_ablation(table, control, {"alpha": [0.1, 0.9]}, data, rows, maps)
    with pytest.raises(ValueError, match="at least one value"):
        explore_ablation(table, control, {"alpha": []}, data, rows, maps)
    with pytest.raises(ValueError, match="images that have a box"):
        explore_ablation(table, control, sweeps, data, np.flatnonzero(data.labels == 0)[:3], maps)
    with pytest.raises(ValueError, match="make them with setting_maps"):
        explore_ablation(table, control, sweeps, data, rows, maps[1:])
