import json

import numpy as np
import pytest
import torch
from _channels import numbers, sigma
from torch import nn

from carekit.course.explorers import frame
from carekit.course.explorers.cam import explore_cam, view
from carekit.course.explorers.cam.numbers import CAM, GRAD_CAM, GRAD_CAM_RELU, LOSS, forward_pass, methods_of
from carekit.course.explorers.cam.view import CAPTION
from carekit.course.explorers.captions import fill
from carekit.method import boxes
from carekit.method.cam import MAPS, Map, channel_weights, class_activation_map, resize
from carekit.method.metrics import attention_inside
from carekit.networks import build
from carekit.networks.backbone import Backbone, Parts, PooledLinear

METHODS = (CAM, GRAD_CAM, GRAD_CAM_RELU, LOSS)


def backbone(linear=True):
    """A small untrained net with 8 channels of 6 x 8: a mistake between rows and columns is seen."""
    torch.manual_seed(3)
    trunk = nn.Sequential(nn.Conv2d(3, 8, 3, stride=(3, 2), padding=1), nn.ReLU())
    if linear:
        head = PooledLinear(8, 2)
    else:
        head = nn.Sequential(nn.Flatten(), nn.Linear(8 * 6 * 8, 6), nn.Tanh(), nn.Linear(6, 2))
    return Backbone("toy", 2, Parts(trunk, head))


@pytest.fixture
def rows(tiny):
    """Two images with a box, and one without."""
    return np.array([3, 0, 7])


def expected(model, data, row, index, method, threshold, channels):
    seen = forward_pass(model, data, [row])[0]
    m_in = boxes.rasterise(data.boxes_of(row), (data.size, data.size))
    return numbers(seen, m_in, index, method, threshold, channels)


@pytest.mark.parametrize("linear", [True, False])
@pytest.mark.parametrize("method", METHODS[1:])
def test_the_map_is_carekits(tiny, rows, displayed, page, settle, linear, method):
    model = backbone(linear).eval()
    images = torch.from_numpy(tiny.read(rows)).permute(0, 3, 1, 2) / 255
    logits, features = model(images)
    explore_cam(model, tiny, rows, method=method, threshold=0.4)
    tab = page()
    for i, row in enumerate(rows):
        for index in (0, 1):
            options = {"gradient_of": "loss"} if method == LOSS else {"method": method}
            classes = torch.full((3,), index)
            map_ = class_activation_map(logits, features, classes, **options)[i].detach()
            large, m_in = resize(map_[None], (16, 16)).numpy(), boxes.rasterise(tiny.boxes_of(row), (16, 16))
            found = settle(tab, image=i, shown=tiny.classes[index])
            assert found["probability"] == pytest.approx(logits.softmax(1)[i, index].item(), abs=1e-6)
            assert (found["row"], found["column"]) == np.unravel_index(map_.argmax().item(), map_.shape)
            assert found["above"] == pytest.approx((large >= 0.4).mean(), abs=1e-2)  # a pixel may be on the contour
            inside = attention_inside(large, m_in[None])[0] if m_in.any() else np.nan
            assert found["inside"] == pytest.approx(inside, abs=1e-5, nan_ok=True)


@pytest.mark.parametrize("linear", [True, False])
def test_the_weights_of_the_loss_are_its_gradient(tiny, rows, linear):
    model = backbone(linear).eval()
    logits, features = model(torch.from_numpy(tiny.read(rows)).permute(0, 3, 1, 2) / 255)
    for index in (0, 1):
        weights = channel_weights(logits, features, torch.full((3,), index), gradient_of="loss").numpy()
        for seen, each in zip(forward_pass(model, tiny, rows), weights, strict=True):
            assert sigma(seen, index, LOSS) == pytest.approx(each, abs=1e-7)


def test_partial_sums_against_a_loop(tiny, displayed, page, settle):
    model = backbone()
    seen = forward_pass(model, tiny, [3])[0]
    explore_cam(model, tiny, np.array([3]), shown=tiny.classes[1])
    tab = page()
    strength = [abs(seen.weights[1, k]) * np.abs(seen.features[k]).sum() for k in range(8)]
    order = sorted(range(8), key=lambda k: -strength[k])
    whole = sum(seen.weights[1, k] * seen.features[k] for k in range(8))
    for n in range(1, 9):
        part = sum(seen.weights[1, k] * seen.features[k] for k in order[:n])
        found = settle(tab, channels=n)
        assert found["correlation"] == pytest.approx(np.corrcoef(part.ravel(), whole.ravel())[0, 1], abs=1e-5)
        expected = sum(strength[k] for k in order[:n]) / sum(strength)
        assert found["contribution"] == pytest.approx(expected, abs=1e-5)
    assert found["correlation"] == pytest.approx(1)


@pytest.mark.parametrize("linear", [True, False])
def test_the_browser_has_the_same_numbers(tiny, rows, displayed, page, settle, linear):
    model = backbone(linear)
    explore_cam(model, tiny, rows)
    tab = page()
    for method in METHODS if linear else METHODS[1:]:
        for image, shown, threshold, channels in ((0, "true", 0.5, 8), (0, "common", 0.35, 1), (1, "rare", 0.8, 3)):
            values = {"image": image, "shown": shown, "method": method, "threshold": threshold, "channels": channels}
            found = settle(tab, **values, opacity=0.5)
            index = tiny.classes.index(shown) if shown != "true" else 1
            measured = expected(model, tiny, rows[image], index, method, threshold, channels)
            assert found == pytest.approx(measured, abs=1e-5, nan_ok=True)
            about = {"name": f"Image {rows[image]}", "label": tiny.classes[index], "method": methods_of(model)[method]}
            about |= {"threshold": threshold, "channels": channels, "of": 8}
            assert tab.inner_text(".ck-words") == fill(CAPTION, found | about)


def test_the_sentence_says_what_there_is_to_see():
    values = {"name": "Image 3", "label": "df", "method": "Grad-CAM", "probability": 0.5, "threshold": 0.4}
    start = "Image 3, class df, map Grad-CAM: probability 0.50."
    assert fill(CAPTION, values) == f"{start} The map is constant: it shows nothing."
    values |= {"row": 2, "column": 5, "above": 0.25, "uniform": np.nan}
    still = f"{start} This image has no box; brightest at row 2, column 5 of the map; 0.250 of the image is above 0.40."
    assert fill(CAPTION, values) == still
    values |= {"channels": 1, "of": 8, "contribution": 0.25, "correlation": 0.125, "score_map": -1.0}
    channels = (
        "1 of 8 channels make 0.25 of it and correlate 0.125 with it. Correlation with the map of the score: −1.000."
    )
    assert fill(CAPTION, values) == f"{still} {channels}"
    box = fill(CAPTION, values | {"uniform": 0.125, "inside": 0.5, "correlation": np.nan})
    assert "Share of attention inside the box 0.50, without preference 0.13; brightest" in box
    assert "1 of 8 channels make 0.25 of it. Correlation" in box


def test_what_it_said_and_the_trap(tiny, rows, displayed, page):
    model = backbone()
    explore_cam(model, tiny, rows)
    tab, said = page(), tiny.classes[forward_pass(model, tiny, rows[:1])[0].logits.argmax()]
    tab.get_by_role("button", name="What it said").click()
    tab.wait_for_function("said => document.querySelector('.ck-words').textContent.includes(said)", arg=f"class {said}")
    tab.get_by_role("button", name="The trap: map of the loss").click()
    tab.wait_for_function("document.querySelector('.ck-words').textContent.includes('map of the score: \u2212')")
    tab.get_by_role("button", name="Only the strongest channel").click()
    tab.wait_for_function("document.querySelector('.ck-words').textContent.includes('1 of 8 channels')")
    assert tab.locator("figcaption", has_text="not added").count() == 5
    tab.get_by_role("button", name="Reset all controls").click()
    assert tab.get_by_label("Channels added").input_value() == "8"


def test_arrow_keys_add_channels(tiny, rows, displayed, page):
    explore_cam(backbone(), tiny, rows, channels=1)
    tab = page()
    tab.get_by_text("More", exact=True).click()
    slider = tab.get_by_label("Channels added")
    pixels = "document.querySelectorAll('canvas')[2].toDataURL()"
    before = tab.evaluate(pixels)
    slider.focus()
    for _ in range(3):
        tab.keyboard.press("ArrowRight")
    tab.wait_for_function("document.querySelector('.ck-words').textContent.includes('4 of 8 channels')")
    assert slider.get_attribute("aria-valuetext") == "Channels added 4" and tab.evaluate(pixels) != before


def test_images_beyond_those_sent_are_asked_for(tiny, rows, displayed, page, monkeypatch):
    monkeypatch.setattr(view, "MOST", 1)
    model = backbone(linear=False)
    explorer, sent = explore_cam(model, tiny, rows), []
    monkeypatch.setattr(explorer, "send", sent.append)
    tab = page()
    state = "document.querySelector('.ck-alone').carekit"
    tab.get_by_label("Image", exact=True).fill("2")
    tab.wait_for_function("document.querySelector('.ck-alarm').textContent.includes('open the notebook')")
    assert not tab.locator("canvas").first.is_visible()
    # A kernel that answers late.
    tab.evaluate(f"""() => {{
        const frame = {state};
        window.asked = [];
        frame.kernel.alone = false;
        frame.kernel.model = {{ send: (question) => asked.push(question), set() {{}}, save_changes() {{}} }};
    }}""")
    for image in ("1", "2"):
        tab.get_by_label("Image", exact=True).fill(image)
        tab.wait_for_function("i => document.querySelector('.ck-words').textContent.includes(`image ${i}`)", arg=image)
    assert tab.evaluate("asked.map((each) => each.image)") == [1] and not tab.locator("canvas").first.is_visible()
    explorer._reply(None, tab.evaluate("asked[0]"), None)
    tab.evaluate(f"answer => {state}.kernel.receive({{ ...answer, number: 'of another view' }})", sent[0])
    assert tab.evaluate("asked.length") == 1
    tab.evaluate(f"answer => {state}.kernel.receive(answer)", sent[0])
    assert tab.evaluate("asked.map((each) => each.image)") == [1, 2]  # the latest wins
    explorer._reply(None, tab.evaluate("asked[1]"), None)
    tab.evaluate(f"answer => {state}.kernel.receive(answer)", json.loads(json.dumps(sent[1])))
    tab.wait_for_function("document.querySelector('.ck-words').textContent.startsWith('Image 7')")
    assert tab.locator("canvas").first.is_visible()
    numbers = tab.evaluate(f"{state}.numbers")
    assert numbers == pytest.approx(expected(model, tiny, 7, 1, GRAD_CAM, 0.5, 8), abs=1e-5)
    explorer._reply(None, {"number": 3, "image": 9}, None)
    assert "not among the 3" in sent[2]["error"]


def test_a_kernel_that_is_back_is_asked_again(tiny, rows, displayed, page, monkeypatch):
    monkeypatch.setattr(view, "MOST", 1)
    explore_cam(backbone(), tiny, rows)
    tab = page()
    tab.evaluate("""() => {
        const frame = document.querySelector('.ck-alone').carekit;
        window.asked = [];
        Object.assign(frame.kernel, { alone: false, patience: 1500 });
        frame.kernel.model = { send: (question) => asked.push(question), set() {}, save_changes() {} };
    }""")
    gone = "!document.querySelector('.ck-alarm').hidden"
    for image in ("1", "2"):
        tab.get_by_label("Image", exact=True).fill(image)
        tab.wait_for_function("i => document.querySelector('.ck-words').textContent.includes(`image ${i}`)", arg=image)
    tab.wait_for_function(gone)
    assert tab.inner_text("[role=status].ck-hidden") == ""  # no numbers are announced under the alarm
    tab.get_by_text("More", exact=True).click()
    tab.get_by_label("Threshold").press("ArrowRight")
    tab.wait_for_function("asked.length === 2")
    assert tab.evaluate("asked.map((each) => each.image)") == [1, 2]
    tab.wait_for_function(gone)


def test_it_stays_within_a_narrow_window_and_has_a_still(tiny, rows, displayed, page):
    explore_cam(backbone(), tiny, rows)
    assert page(width=400).evaluate("document.documentElement.scrollWidth") <= 400
    assert displayed[0]["image/png"] and displayed[0]["text/plain"].startswith("Image 3, class rare, map Grad-CAM")
    assert displayed[0][frame.MIME]["scene"]["sent"] == 3


def test_a_guess_is_asked_only_where_there_is_a_box(tiny, rows, displayed, page, settle):
    explore_cam(backbone(), tiny, rows)
    tab = page()
    tab.get_by_label("Predict first").check()
    tab.get_by_label("Your guess of the share of attention inside the box").fill("0.5")
    tab.get_by_role("button", name="Look").click()
    tab.wait_for_function("document.querySelector('.ck-words').textContent.startsWith('You guessed 0.500; it is')")
    settle(tab, image=1)
    assert "NaN" not in tab.inner_text(".ck-words") and "no box" in tab.inner_text(".ck-words")
    assert tab.locator("canvas").first.is_visible() and tab.get_by_label("Your guess").is_hidden()
    settle(tab, image=0)  # the guess is spent
    assert tab.inner_text(".ck-words") == "Guess first; then look." and not tab.locator("canvas").nth(1).is_visible()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"shown": "wart"}, "shown = 'wart' is unknown: choose one of true, predicted, common, rare"),
        ({"method": "cam"}, "method = 'cam' is unknown"),
        ({"image": 3}, "image = 3 is not an index into the 3 rows"),
        ({"channels": 9}, "channels = 9 is out of range: choose 1 to 8"),
        ({"layer": "9"}, "layer = '9' is unknown: choose one of 0, 1"),
    ],
)
def test_bad_input_is_one_sentence(tiny, rows, options, message):
    with pytest.raises(ValueError, match=message):
        explore_cam(backbone(linear=False), tiny, rows, **options)


def hires_cam(features, gradient):
    """Each place by its own gradient (Draelos and Carin 2020)."""
    return (features * gradient).sum(1)


@pytest.mark.parametrize("linear", [True, False])
def test_a_map_without_a_formula_is_pythons(tiny, rows, displayed, page, settle, linear, monkeypatch):
    """One entry more in MAPS is one choice more; the browser shows what Python sent."""
    monkeypatch.setitem(MAPS, "hires_cam", Map("HiResCAM", hires_cam))
    model = backbone(linear).eval()
    logits, features = model(torch.from_numpy(tiny.read(rows)).permute(0, 3, 1, 2) / 255)
    explore_cam(model, tiny, rows, method="hires_cam")
    tab = page()
    for image, index in ((0, 0), (1, 1), (2, 1)):
        found = settle(tab, image=image, shown=tiny.classes[index], method="hires_cam", channels=3)
        assert found == pytest.approx(
            expected(model, tiny, rows[image], index, "hires_cam", 0.5, 3), abs=1e-5, nan_ok=True
        )
        (gradient,) = torch.autograd.grad(logits[image, index], features, retain_graph=True)
        peak = (features[image] * gradient[image]).sum(0).argmax().item()
        assert (found["row"], found["column"]) == np.unravel_index(peak, features.shape[2:])
        sentence = tab.inner_text(".ck-words")
        assert sentence.startswith(f"Image {rows[image]}, class {tiny.classes[index]}, map HiResCAM: probability 0.")
        assert "This map is not a sum of channels, so none can be left out." in sentence


@pytest.mark.parametrize("method", ["hires_cam", "layer_cam", "grad_cam_pp"])
def test_an_earlier_layer_has_its_own_maps(tiny, rows, displayed, page, settle, method):
    """The maps of all methods, at a layer that is not the last, as a loop over autograd has them."""
    model = build("small", 2, seed=2).eval()
    explore_cam(model, tiny, rows, layer="4", method=method)
    assert displayed[0][frame.MIME]["scene"]["shape"] == [32, 4, 4]
    tab = page()
    features = model.trunk[:5](model.early(tiny.tensor(rows)))
    logits = model.head(model.trunk[5:](features))
    for image, index in ((0, 0), (1, 1)):
        (gradient,) = torch.autograd.grad(logits[image, index], features, retain_graph=True)
        raw = MAPS[method].function(features[image : image + 1], gradient[image : image + 1])[0]
        found = settle(tab, image=image, shown=tiny.classes[index], method=method)
        assert (found["row"], found["column"]) == np.unravel_index(raw.argmax().item(), raw.shape)


def test_channels_rest_while_a_map_is_not_their_sum(tiny, rows, displayed, page, settle, monkeypatch):
    monkeypatch.setitem(MAPS, "hires_cam", Map("HiResCAM", hires_cam))
    explore_cam(backbone(), tiny, rows, method="hires_cam")
    tab = page()
    added = tab.get_by_label("Channels added", exact=True)
    assert added.is_disabled() and tab.locator("canvas:visible").count() == 2 and not tab.locator("svg").is_visible()
    settle(tab, method="grad_cam")
    assert added.is_enabled() and tab.locator("canvas:visible").count() == 9 and tab.locator("svg").is_visible()
