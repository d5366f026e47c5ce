import json
import os

import numpy as np
import pytest
import torch
from scipy.ndimage import distance_transform_edt

from carekit import Care
from carekit.course.explorers import frame
from carekit.course.explorers import masks as masks_module
from carekit.course.explorers.captions import fill
from carekit.course.explorers.masks import CAPTION, explore_masks, masks, numbers
from carekit.data.batches import BoxedImages, boxed_rows
from carekit.data.box_table import read_table
from carekit.data.prepared.annotating import save_boxes
from carekit.experiment import Arm
from carekit.experiment.box_sources import Truth
from carekit.experiment.profiles import Profile
from carekit.method import boxes
from carekit.training import Schedule

STATE = "document.querySelector('.ck-alone').carekit"
DRAWN = f"{STATE}.values.boxes[{STATE}.values.image] ?? {STATE}.scene.boxes[{STATE}.values.image]"


@pytest.fixture
def rows():
    """Two images with a box, and one without."""
    return np.array([3, 7, 0])


def paint(tab):
    tab.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def drag(tab, start, end):
    """Drag on the first picture from one place to another, both in pixels of the image."""
    sides, size = tab.locator("canvas").first.bounding_box(), tab.evaluate(f"{STATE}.scene.size")
    places = [
        [sides["x"] + x * sides["width"] / size, sides["y"] + y * sides["height"] / size] for x, y in (start, end)
    ]
    tab.mouse.move(*places[0])
    tab.mouse.down()
    tab.mouse.move(*places[1], steps=3)
    tab.mouse.up()
    paint(tab)
    return tab.evaluate(DRAWN)


def test_masks_against_scipy_and_a_count(tiny):
    drawn = tiny.boxes_of(3)
    m_in, m_out = masks(drawn, 16, 1.0, "distance")
    assert m_in.sum() == 36 and m_out == pytest.approx(distance_transform_edt(m_in == 0) / np.hypot(16, 16))
    assert numbers(drawn, 16) == {"inside": 36 / 256, "outer_sum": 220, "boxes": 1}
    assert numbers([], 16)["inside"] == 0 and np.isnan(numbers([], 16, 1.0, "distance")["outer_sum"])


@pytest.mark.parametrize("drawn", [[], [[1.3, 2.5, 1.4, 9]], [[0, 0, 16, 16]], [[2.5, 3, 7, 5.5], [4, 4.2, 13.7, 12]]])
def test_the_browser_has_the_same_masks(tiny, rows, displayed, page, settle, drawn):
    explore_masks(tiny, rows)
    tab = page()
    for scale in (0.45, 0.6, 1.0, 1.1, 1.85):
        for outer in ("binary", "distance"):
            found = settle(tab, image=0, box_scale=scale, outer=outer, boxes={"0": drawn})
            expected, (m_in, m_out) = numbers(drawn, 16, scale, outer), masks(drawn, 16, scale, outer)
            assert found == pytest.approx(expected, abs=1e-5, nan_ok=True)
            assert np.array_equal(tab.evaluate(f"Array.from({STATE}.drawn.arrays.inner)"), m_in.ravel())
            shown = np.array(tab.evaluate(f"Array.from({STATE}.drawn.arrays.outer)"), float)
            assert shown == pytest.approx(m_out.ravel(), abs=1e-5, nan_ok=True)
            if drawn:
                distances = boxes.outer_mask(torch.from_numpy(m_in)[None], outer)[0].ravel()
                assert shown == pytest.approx(distances, abs=1e-5)
            labels = {"binary": "binary", "distance": "by distance"}
            values = found | {"name": "rare, image 3 (i3, train)", "box_scale": scale, "outer": labels[outer]}
            assert tab.inner_text(".ck-words") == fill(CAPTION, values)


def test_the_sentence_of_one_box_of_several_and_of_none():
    values = {"name": "df", "box_scale": 1.1, "outer": "binary", "inside": 0.25, "outer_sum": 192.0, "boxes": 1}
    start = "df, 1 box at scale 1.10: 0.250 of the image lies inside"
    assert fill(CAPTION, values) == f"{start}, M_out binary sums to 192.0."
    full = fill(CAPTION, values | {"boxes": 2, "outer_sum": 0, "share": 0.5, "lift": 2.0})
    empty = "lies inside. M_out is empty, so L_out counts as 0. Share of the map inside: 0.500 (2.0 × the box’s area)."
    assert "2 boxes" in full and full.endswith(empty)
    assert fill(CAPTION, values | {"boxes": 0}) == "df has no box: it takes no part in the attention loss."


def test_the_share_of_the_map_inside_follows_the_box(tiny, rows, displayed, page, settle):
    maps = np.random.default_rng(0).random((3, 4, 4)).astype(np.float32)
    explore_masks(tiny, rows, maps)
    tab = page()
    for drawn, scale in (([[4, 5, 10, 11]], 1.0), ([[0, 0, 3, 9], [2, 1, 7, 5]], 1.3), ([], 1.0)):
        found = settle(tab, boxes={"0": drawn}, box_scale=scale)
        expected = numbers(drawn, 16, scale, "binary", maps[0])
        assert found == pytest.approx(expected, abs=1e-5, nan_ok=True)
        share = f"Share of the map inside: {expected['share']:.3f} ({expected['lift']:.1f} × the box’s area)."
        assert (share in tab.inner_text(".ck-words")) == bool(drawn)
    settle(tab, boxes={"0": [[4, 5, 10, 11]]}, box_scale=1)
    before, picture = tab.inner_text(".ck-share"), "document.querySelector('canvas').toDataURL()"
    assert drag(tab, (7, 8), (9, 7)) == [[6, 4, 12, 10]] and tab.inner_text(".ck-share") != before
    covered = tab.evaluate(picture)
    tab.get_by_label("Map under the boxes").press("Space")
    paint(tab)
    assert tab.evaluate(picture) != covered and "Share of the map inside: 0." in tab.inner_text(".ck-share")
    tab.get_by_label("Predict first").check()
    tab.locator(".ck-share").wait_for(state="hidden")


def test_a_mouse_moves_resizes_and_draws_boxes(tiny, rows, displayed, page, settle):
    explore_masks(tiny, rows)
    tab = page()
    settle(tab, boxes={"0": [[4, 5, 10, 11]]})
    assert drag(tab, (7, 8), (9.2, 6.9)) == [[6, 4, 12, 10]]
    assert drag(tab, (9, 7), (90, 7)) == [[10, 4, 16, 10]]  # it stays in the image
    assert drag(tab, (10, 4), (7.9, 2.1)) == [[8, 2, 16, 10]]
    assert drag(tab, (12, 10), (12, 0.5)) == [[8, 2, 16, 3]]  # a pixel is left
    assert drag(tab, (1, 13), (4.1, 15.9)) == [[8, 2, 16, 3], [1, 13, 4, 16]]
    assert drag(tab, (1, 8), (1.1, 8)) == [[8, 2, 16, 3], [1, 13, 4, 16]]  # a click beside the boxes draws none
    inside = numbers([[8, 2, 16, 3], [1, 13, 4, 16]], 16)["inside"]
    assert tab.evaluate(f"{STATE}.numbers.inside") == pytest.approx(inside)
    tab.get_by_role("button", name="Reset all controls").click()
    paint(tab)
    assert tab.evaluate(DRAWN) == [tiny.boxes_of(3)[0].tolist()]


def test_a_finger_draws_and_the_page_does_not_scroll(tiny, rows, displayed, page, settle):
    explore_masks(tiny, rows)
    tab = page(width=400)
    settle(tab, boxes={"0": []})
    canvas = tab.locator("canvas").first
    assert canvas.evaluate("canvas => getComputedStyle(canvas).touchAction") == "none"
    canvas.evaluate("""canvas => {
        const { left, top, width } = canvas.getBoundingClientRect(), k = width / 16;
        canvas.setPointerCapture = () => {};
        const send = (name, x, y) => canvas.dispatchEvent(new PointerEvent(name, {
            pointerType: 'touch', isPrimary: true, button: 0, clientX: left + x * k, clientY: top + y * k,
        }));
        send('pointerdown', 2, 3); send('pointermove', 8, 9); send('pointerup', 8, 9);
        send('pointerdown', 5, 6); send('pointermove', 9, 6); send('pointercancel', 9, 6);
    }""")
    paint(tab)
    assert tab.evaluate(DRAWN) == [[2, 3, 8, 9]]
    assert tab.evaluate("document.documentElement.scrollWidth") <= 400


def test_keys_alone_move_resize_add_and_remove(tiny, rows, displayed, page, settle):
    explore_masks(tiny, rows)
    tab = page()
    settle(tab, boxes={"0": [[4, 5, 10, 11]]})
    tab.get_by_label("M_out", exact=True).focus()
    for key in ("Tab", "ArrowRight", "ArrowRight", "ArrowUp", "Shift+ArrowDown", "Shift+ArrowLeft"):
        tab.keyboard.press(key)
    paint(tab)
    assert tab.evaluate(DRAWN) == [[6, 4, 11, 11]]
    focused = "document.activeElement.getAttribute('aria-label')"
    assert tab.evaluate(focused) == "Box 1 of 1: left 6, top 4, 5 wide, 7 high"
    tab.evaluate(
        f"() => {{ const {{ set }} = {STATE}; {STATE}.set = function (values, settled) "
        "{ window.settled = settled; set.call(this, values, settled); } }"
    )
    for press, key in (("down", "Shift"), ("down", "ArrowRight"), ("up", "Shift")):
        getattr(tab.keyboard, press)(key)
    assert tab.evaluate("settled") is False
    tab.keyboard.up("ArrowRight")
    assert tab.evaluate("settled") is True and tab.evaluate(DRAWN) == [[6, 4, 12, 11]]
    tab.keyboard.press("Insert")
    paint(tab)
    assert tab.evaluate(focused) == "Box 2 of 2: left 5, top 5, 6 wide, 6 high"
    said = "document.querySelector('[role=status].ck-hidden').textContent"
    tab.wait_for_function(f"{said}.endsWith('Box 2 of 2 is chosen: left 5, top 5, 6 wide, 6 high.')")
    tab.keyboard.press("Delete")
    tab.keyboard.press("Delete")
    tab.wait_for_function(f"{said} === 'rare, image 3 (i3, train) has no box: it takes no part in the attention loss.'")
    assert tab.evaluate("document.activeElement.textContent") == "Add box" and tab.evaluate(DRAWN) == []


def test_presets_the_line_for_papermill_and_a_guess(tiny, rows, displayed, page):
    explore_masks(tiny, rows)
    tab = page()
    tab.get_by_role("button", name="Box × 0.7").click()
    tab.get_by_role("button", name="By distance").click()
    assert tab.get_by_label("M_out", exact=True).locator("option:checked").inner_text() == "by distance"
    tab.get_by_role("button", name="Copy parameters").click()
    assert tab.inner_text(".ck-line") == "box_scale = 1"
    tab.get_by_label("Predict first").check()
    pictures = tab.locator("canvas")
    pictures.nth(1).wait_for(state="hidden")
    assert pictures.nth(0).is_visible()  # one guesses from the image
    tab.get_by_label("Your guess of the share of the image inside").fill("0.1")
    tab.get_by_role("button", name="Look").click()
    tab.wait_for_function("document.querySelector('.ck-words').textContent.startsWith('You guessed 0.100; it is')")


def test_without_a_kernel_nothing_is_saved(tiny, rows, displayed, page):
    explore_masks(tiny, rows)
    tab = page()
    assert tab.get_by_role("button", name="Save boxes").is_disabled()
    assert tab.get_by_text("Saving needs a running kernel").is_visible()


def test_boxes_drawn_in_the_browser_reach_the_training_data(tiny, rows, displayed, page, monkeypatch, settle):
    explorer, sent = explore_masks(tiny, rows), []
    monkeypatch.setattr(explorer, "send", sent.append)
    monkeypatch.setattr(frame, "display", lambda *_, **__: None)
    tab = page()
    tab.evaluate(f"""() => {{
        const frame = {STATE};
        window.asked = [];
        frame.kernel.alone = false;
        frame.kernel.model = {{ send: (question) => asked.push(question), set() {{}}, save_changes() {{}} }};
        document.querySelectorAll('button').forEach((button) => {{ button.disabled = false; }});
    }}""")
    settle(tab, image=2)
    assert drag(tab, (2, 3), (9, 8)) == [[2, 3, 9, 8]] and tab.get_by_text("Changed, not saved.").is_visible()
    settle(tab, image=1)
    assert tab.get_by_text("Not saved, either: common, image 0 (i0, train).").is_visible()
    settle(tab, image=2)
    tab.get_by_role("button", name="Save boxes").click()
    question = tab.evaluate("asked[0]")
    assert question == {"number": question["number"], "image": 2, "boxes": [[2, 3, 9, 8]]}
    explorer._reply(None, question, None)
    tab.evaluate(f"answer => {STATE}.kernel.receive(answer)", json.loads(json.dumps(sent[0])))
    tab.get_by_text("Saved 1 box of common, image 0 (i0, train).").wait_for()
    settle(tab, image=1)
    assert not tab.get_by_text("Not saved, either").is_visible()
    assert explorer.data.boxes_of(0).tolist() == [[2, 3, 9, 8]] and len(tiny.boxes_of(0)) == 0
    assert explorer.annotated == ["i0"] and explorer.boxes(tiny, [0, 3])[0].tolist() == [[2, 3, 9, 8]]
    assert list(explorer.boxes(tiny, [0, 3])) == [0]  # what was not annotated shows no box in training
    batch = BoxedImages(explorer.data, Truth()(explorer.data, boxed_rows(explorer.data, ["common"]))).__getitems__([0])
    assert batch.has_box.all() and batch.m_in.sum() == 35


def save(explorer, image, drawn):
    explorer.send = lambda reply: None
    explorer._reply(None, {"number": 1, "image": image, "boxes": drawn}, None)


def test_saved_boxes_are_a_table_as_the_command_writes_it_and_found_again(tiny, rows, displayed, page):
    explorer = explore_masks(tiny, rows)
    with pytest.raises(ValueError, match="no box was saved yet"):
        _ = explorer.boxes
    save(explorer, 1, [[1, 2, 5, 6]])
    save(explorer, 2, [])
    save(explorer, 1, [[1, 2, 5, 7]])
    table = read_table(explorer.table)
    assert table.image_id.tolist() == ["i0", "i7"] and set(table.method) == {"hand"} and set(table["size"]) == {16.0}
    displayed.clear()
    again = explore_masks(tiny, rows)
    assert again.annotated == ["i0", "i7"] and again.data.boxes_of(7).tolist() == [[1, 2, 5, 7]]
    assert len(again.data.boxes_of(0)) == 0 and again.data.boxes_of(3).tolist() == tiny.boxes_of(3).tolist()
    tab = page()
    assert tab.evaluate(f"{STATE}.scene.annotated") == [1, 2]
    assert tab.evaluate(f"{STATE}.scene.boxes[1]") == [[1, 2, 5, 7]]


def test_an_arm_trains_on_the_boxes_that_were_drawn(tiny, rows, displayed):
    explorer = explore_masks(tiny, rows)
    save(explorer, 0, [[0, 0, 4, 4]])
    train = tiny.split("train")
    arm = explorer.arm(Arm(Care(alpha=0.4)))
    assert arm == Arm(Care(alpha=0.4), explorer.boxes)
    stage = Schedule(epochs=1, batch_size=8, lr=1e-3)
    shown = arm.images(train, Profile("test", 16, "small", False, 24, stage, stage, sweep_seeds=1))
    batch = shown.__getitems__([3, 7])
    assert batch.has_box.tolist() == [True, False] and batch.m_in[0].sum() == 16


def test_a_table_that_cannot_be_written_is_told_and_nothing_changes(tiny, rows, displayed, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    explorer, sent = explore_masks(tiny, rows, table=tmp_path / "file" / "hand.csv"), []
    monkeypatch.setattr(explorer, "send", sent.append)
    explorer._reply(None, {"number": 1, "image": 0, "boxes": []}, None)
    assert "hand.csv cannot be written" in sent[0]["error"] and explorer.data is tiny


def test_images_that_are_not_sent_come_from_the_kernel(tiny, rows, displayed, monkeypatch, page, settle):
    monkeypatch.setattr(masks_module, "MOST", 2)
    explorer, sent = explore_masks(tiny, rows), []
    monkeypatch.setattr(explorer, "send", sent.append)
    explorer._reply(None, {"number": 1, "do": "image", "image": 2}, None)
    assert sent[0] == {"number": 1, "image": 2, "pixels": frame.packed(tiny.read([0]))}
    tab = page()
    settle(tab, image=2)
    assert tab.inner_text(".ck-alarm") == ("Images 0 to 1 are on this page; for image 2 open the notebook and run it.")
    settle(tab, image=1)
    assert tab.locator(".ck-alarm").is_hidden() and tab.locator("canvas").first.is_visible()


def test_a_drawn_box_has_the_focus_and_changes_are_taken_back(tiny, rows, displayed, page, settle):
    explore_masks(tiny, rows)
    tab = page()
    settle(tab, boxes={"0": []})
    assert drag(tab, (2, 3), (9, 8)) == [[2, 3, 9, 8]]
    tab.keyboard.press("ArrowRight")
    paint(tab)
    assert tab.evaluate(DRAWN) == [[3, 3, 10, 8]]
    tab.keyboard.press("Delete")
    paint(tab)
    assert tab.evaluate(DRAWN) == []
    settle(tab, image=1)
    undo = tab.get_by_role("button", name="Undo")
    for expected in ([[3, 3, 10, 8]], [[2, 3, 9, 8]], []):
        undo.click()
        paint(tab)
        assert tab.evaluate(DRAWN) == expected and tab.evaluate(f"{STATE}.values.image") == 0
    assert undo.is_disabled()


def test_the_next_image_is_one_that_is_not_annotated(tiny, rows, displayed, page):
    first = explore_masks(tiny, rows)
    save(first, 1, [[1, 2, 5, 6]])
    displayed.clear()
    explore_masks(tiny, rows)
    tab = page()
    told = tab.evaluate(f"""() => {{
        const frame = {STATE};
        frame.kernel.alone = false;
        frame.kernel.model = {{ send: () => {{}}, set() {{}}, save_changes() {{}} }};
        const next = [...document.querySelectorAll('button')].find((each) => each.textContent === 'Save, next image');
        next.disabled = false;
        next.click();
        frame.kernel.receive({{ number: frame.kernel.number, image: 0, boxes: [[1, 1, 2, 2]] }});
        return [frame.values.image, frame.values.saved];
    }}""")
    assert told == [2, {"0": [[1, 1, 2, 2]]}]
    tab.get_by_text("2 of 3 annotated.").wait_for()


@pytest.mark.parametrize(
    ("question", "message"),
    [
        ({"image": 0, "boxes": [[4, 4, 4, 9]]}, "box (4, 4, 4, 9) of image i3 is empty or reversed"),
        ({"image": 0, "boxes": [[20, 4, 24, 9]]}, "lies outside its 16 x 16 image"),
        ({"image": 0, "boxes": [[1, 2, 3]]}, "the boxes of image i3 are not lists of four numbers"),
        ({"image": 0, "boxes": [[1, 2, None, 3]]}, "is not four finite numbers"),
        ({"image": 8, "boxes": []}, "image 8 is not among the 3"),
    ],
)
def test_a_bad_box_is_told_and_nothing_changes(tiny, rows, displayed, monkeypatch, question, message):
    explorer, sent = explore_masks(tiny, rows), []
    monkeypatch.setattr(explorer, "send", sent.append)
    explorer._reply(None, question | {"number": 1}, None)
    assert message in sent[0]["error"] and explorer.data is tiny


def test_a_folder_that_cannot_be_written_stays_as_it_was(tiny, tmp_path, monkeypatch, rows, displayed):
    saved = tiny.save(tmp_path / "set")
    before = {path.name: path.read_bytes() for path in (tmp_path / "set").iterdir()}

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    explorer, sent = explore_masks(saved, rows, save=save_boxes), []
    monkeypatch.setattr(explorer, "send", sent.append)
    monkeypatch.setattr(os, "replace", refuse)
    explorer._reply(None, {"number": 1, "image": 0, "boxes": []}, None)
    assert "set cannot be written (Permission denied): make it writable" in sent[0]["error"]
    after = {path.name: path.read_bytes() for path in (tmp_path / "set").iterdir() if path.name != ".lock"}
    assert after == before and explorer.data is saved


def test_by_default_a_folder_is_not_touched(tiny, tmp_path, displayed, monkeypatch, rows):
    saved = tiny.save(tmp_path / "set")
    before = (tmp_path / "set" / "boxes.csv").read_bytes()
    explorer = explore_masks(saved, int(rows[0]))
    monkeypatch.setattr(explorer, "send", lambda reply: None)
    explorer._reply(None, {"number": 1, "image": 0, "boxes": [[1, 1, 4, 4]]}, None)
    assert explorer.data.boxes_of(3).tolist() == [[1, 1, 4, 4]] and len(displayed) == 1
    assert (tmp_path / "set" / "boxes.csv").read_bytes() == before
    assert displayed[0]["text/plain"].startswith("rare, image 3, 1 box at scale 1.00: 0.141")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rows": np.array([], int)}, "there is no image to draw boxes on"),
        ({"box_scale": 0.0}, "box_scale = 0.0 is out of range"),
        ({"outer": "far"}, "outer = 'far' is unknown"),
        ({"maps": np.zeros((2, 4, 4))}, "2 maps do not belong to 1 images"),
    ],
)
def test_bad_input_is_one_sentence(tiny, options, message):
    with pytest.raises(ValueError, match=message):
        explore_masks(tiny, **({"rows": 3} | options))
