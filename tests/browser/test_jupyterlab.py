"""Explorers in JupyterLab: a mouse, keys, ears, a second view, a kernel that dies, themes, and what is saved."""

import base64
import json
import os
import signal
from pathlib import Path

import nbformat
import pytest
from _lab import Lab

MIME = "application/vnd.carekit.explorer+json"
NOTEBOOK = "window.jupyterapp.shell.currentWidget"
# The controls of a `root` that Tab reaches, in the order of the page.
SHOWN = """[...root.querySelectorAll("button, input, select, summary, [tabindex='0']")]
    .filter((each) => each.checkVisibility() && !each.disabled)"""
CONTRASTS = Path(__file__).with_name("contrasts.js").read_text(encoding="utf-8")


@pytest.fixture
def selected(lesson):
    """selected(): the number of the selected cell, the notebook's mode, and how many cells there are."""
    content = f"{NOTEBOOK}.content"
    return lambda: lesson.evaluate(f"[{content}.activeCellIndex, {content}.mode, {content}.widgets.length]")


@pytest.fixture
def python(lesson):
    """python(expression): its value in the kernel."""

    def ask(expression):
        content = lesson.evaluate(
            f"""async (expression) => (await {NOTEBOOK}.sessionContext.session.kernel.requestExecute(
                {{ code: 'import json', user_expressions: {{ asked: `json.dumps(${{expression}})` }} }}
            ).done).content""",
            expression,
        )
        return json.loads(eval(content["user_expressions"]["asked"]["data"]["text/plain"]))

    return ask


def drag(tab, slider, start, end, steps=12):
    """Press the mouse on a slider's share `start` and pull it to `end`; the button stays down."""
    box = slider.bounding_box()
    height = box["y"] + box["height"] / 2
    tab.mouse.move(box["x"] + box["width"] * start, height)
    tab.mouse.down()
    tab.mouse.move(box["x"] + box["width"] * end, height, steps=steps)


def test_a_finger_moves_what_is_seen_and_its_end_tells_the_kernel(case, view, python):
    slider, before = view.slider(case.slider), view.seen()
    words = view.words()
    drag(view.tab, slider, 0.5, 0.3)
    view.until("root.querySelector('.ck-words').textContent !== given", words)
    assert view.seen() != before
    view.tab.mouse.up()
    view.until("JSON.stringify(frame.kernel.model.get('values')) === JSON.stringify(frame.values)")
    assert python(f"explorer_{case.name}.values") == view.frame("frame.values")


def test_arrow_keys_are_the_sliders_also_in_command_mode(case, view, selected):
    slider = view.slider(case.slider)
    slider.focus()
    before, low, step = selected(), *(float(slider.get_attribute(name)) for name in ("min", "step"))
    assert before[1] == "command"
    for key, expected in (("Home", 0), ("ArrowRight", 1), ("ArrowUp", 2), ("ArrowUp", 3), ("ArrowDown", 2)):
        view.tab.keyboard.press(key)
        assert float(slider.input_value()) == pytest.approx(low + expected * step)
    view.tab.keyboard.press("b")  # would add a cell
    assert selected() == before
    view.tab.evaluate(f"{NOTEBOOK}.content.activeCell.node.focus()")
    view.tab.keyboard.press("ArrowUp")  # outside of the explorer it is the notebook's
    assert selected()[0] == before[0] - 1


def test_arrow_keys_are_the_sliders_also_in_notebook_7(cells, browser, tmp_path):
    """Its shortcuts take keys from what only lies inside of an element with Lab's mark."""
    pytest.importorskip("notebook", reason="Notebook 7 comes with the dev extra")
    with Lab(tmp_path, app="notebook") as server, browser.new_page() as tab:
        server.write("lesson.ipynb", cells[:2])
        server.open(tab, "lesson.ipynb")
        server.run_all(tab)
        slider = tab.locator(".ck-explorer").get_by_label("τ", exact=True)
        slider.focus()
        for key, expected in (("Home", "0.05"), ("ArrowRight", "0.06"), ("ArrowUp", "0.07"), ("ArrowLeft", "0.06")):
            tab.keyboard.press(key)
            assert slider.input_value() == expected
        tab.wait_for_function("document.querySelector('.ck-words').textContent.includes('τ 0.06')")


def test_tab_reaches_every_control_and_each_has_a_name(view):
    view.root.locator("button").first.focus()
    found, names = [], []
    while view.root.evaluate("root => root.contains(document.activeElement)"):
        names.append(_name_of_focused(view.tab))
        # by its place, since what a control says of itself may change with the next picture
        found.append(view.root.evaluate(f"(root) => {SHOWN}.indexOf(document.activeElement)"))
        assert len(set(found)) == len(found), f"Tab goes in circles: {names}"
        view.tab.keyboard.press("Tab")
    assert found == list(range(view.root.evaluate(f"(root) => {SHOWN}.length"))) and all(names)


def _name_of_focused(tab):
    """What the browser calls the focused control, to whoever listens."""
    session = tab.context.new_cdp_session(tab)
    focused = session.send("Runtime.evaluate", {"expression": "document.activeElement"})["result"]["objectId"]
    tree = session.send("Accessibility.getPartialAXTree", {"objectId": focused, "fetchRelatives": False})
    session.detach()
    return tree["nodes"][0]["name"]["value"].strip()


def test_values_are_announced(case, view):
    slider = view.slider(case.slider)
    slider.focus()
    for key in ("Home", "ArrowRight"):
        view.tab.keyboard.press(key)
    told, words = (f"root.querySelector('{name}').textContent" for name in (".ck-hidden[role=status]", ".ck-words"))
    view.until(f"!frame.waiting && {told}.length > 20 && {told} === {words}")  # in one look: the next may be on its way
    values = view.root.locator("output").all_inner_texts()
    assert slider.get_attribute("aria-valuetext") in [f"{case.slider} {value}" for value in values]
    assert view.root.locator("output:not([aria-live=off])").count() == 0  # the slider's own text says it already


def test_a_second_view_follows_and_leads(look):
    one, other = look("attention_loss"), look("attention_loss again")
    for leader, follower in ((one, other), (other, one)):
        leader.slider("τ").focus()
        leader.tab.keyboard.press("End" if leader is one else "Home")
        follower.until("root.querySelector('.ck-words').textContent === given", leader.words())
        assert follower.slider("τ").input_value() == leader.slider("τ").input_value()
        assert follower.seen() == leader.seen()


def test_many_quick_keys_end_where_they_should(look, python):
    """The kernel's echo of an earlier value must not pull the slider back."""
    shown = look("attention_loss")
    shown.slider("τ").focus()
    shown.tab.keyboard.press("Home")
    for _ in range(40):
        shown.tab.keyboard.press("ArrowRight")
    shown.until("JSON.stringify(frame.kernel.model.get('values')) === JSON.stringify(frame.values)")
    assert shown.slider("τ").input_value() == "0.45"
    assert python("explorer_attention_loss.values")["tau"] == pytest.approx(0.45)
    assert shown.slider("τ").input_value() == "0.45"


def test_a_training_is_watched_paused_and_stopped_while_the_kernel_stays_free(look, python):
    shown = look("training")
    epochs = shown.frame("frame.scene.epochs")
    shown.slider("τ").focus()
    shown.tab.keyboard.press("Home")
    shown.until("root.querySelector('.ck-words').textContent.includes('The sliders ask for other values')")
    button = {name: shown.root.get_by_role("button", name=name, exact=True) for name in ("Pause", "Go on", "Stop")}
    assert button["Pause"].is_disabled()
    shown.root.get_by_role("button", name="Train with these values").click()
    shown.until("/^Epoch [1-9]\\d* of \\d+ with α 0.50, τ 0.05/.test(root.querySelector('.ck-words').textContent)")
    button["Pause"].click()
    shown.until("root.querySelector('.ck-training').textContent.includes('Paused.')")
    held = shown.frame("frame.values.epoch")
    assert 0 < held < epochs and python("6 * 7") == 42
    assert shown.frame("frame.values.epoch") == held
    button["Go on"].click()
    shown.until("frame.values.epoch > given", held)
    button["Stop"].click()
    shown.until("root.querySelector('.ck-training').textContent.includes('Stopped.')")
    assert held < shown.frame("frame.values.epoch") < epochs
    shown.root.get_by_role("button", name="Show the recorded run").click()
    shown.until(
        "root.querySelector('.ck-words').textContent.startsWith(`Epoch ${given} of ${given} with α 0.50, τ 0.70`)",
        epochs,
    )
    assert shown.root.locator(".ck-alarm").is_hidden()


def test_what_is_painted_by_mouse_or_keys_is_answered_and_taken_back(look, python):
    shown = look("ink")
    before = shown.words()
    canvas = shown.root.locator("canvas").first
    canvas.scroll_into_view_if_needed()
    drag(shown.tab, canvas, 0.2, 0.6)
    shown.tab.mouse.up()
    answered = (
        "/painted on: /.test(root.querySelector('.ck-words').textContent) && !/being asked/.test(frame.drawn.words)"
    )
    shown.until(answered)
    strokes = python("explorer_ink.values['strokes']")["0"]
    assert len(strokes) == 1 and len(strokes[0]["points"]) > 8 and not strokes[0]["erase"]
    by_mouse = shown.frame("[frame.numbers.rare_0, frame.numbers.rare_1]")
    shown.tab.keyboard.press("ArrowUp")  # the picture has the focus: the brush of the keys
    shown.tab.keyboard.press("Shift+ArrowLeft")
    shown.tab.keyboard.press("Shift+ArrowLeft")
    shown.tab.keyboard.press("Space")
    shown.until("Object.values(frame.values.strokes)[0].length >= 3")
    shown.until(answered)
    assert shown.frame("[frame.numbers.rare_0, frame.numbers.rare_1]") != by_mouse
    while shown.frame("(frame.values.strokes[0] ?? []).length"):
        shown.tab.keyboard.press("Control+z")
        shown.until("!frame.waiting")
    shown.until("root.querySelector('.ck-words').textContent === given", before)


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_both_themes_can_be_read(lesson, look, violations, tmp_path, theme):
    lesson.evaluate("theme => window.jupyterapp.commands.execute('apputils:change-theme', { theme })", theme)
    lesson.wait_for_function("theme => document.body.dataset.jpThemeName === theme", arg=theme)
    predict = look("attention_loss").root.get_by_label("Predict first")
    predict.check()  # one of them asks for a guess, the others show what they know
    for i, root in enumerate(lesson.locator(".ck-explorer").all()):
        root.scroll_into_view_if_needed()
        root.screenshot(path=tmp_path / f"{theme} {i}.png")
        assert [(round(ratio, 2), text) for ratio, text in root.evaluate(CONTRASTS) if ratio < 4.5] == []
    assert violations(lesson) == []
    predict.uncheck()


def test_the_file_holds_the_still_picture_and_the_state(lab, lesson, view, case):
    lesson.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
    lesson.wait_for_function(f"!{NOTEBOOK}.context.model.dirty")
    cells = nbformat.read(lab.folder / "lesson.ipynb", 4).cells
    (cell,) = [each for each in cells if each.source == case.cell]
    (data,) = [output.data for output in cell.outputs if MIME in output.get("data", {})]
    assert data[MIME] == view.frame("frame.kernel.model.get('state')")
    assert base64.b64decode(data["image/png"]).startswith(b"\x89PNG") and len(data["text/plain"]) > 20


def test_a_kernel_that_dies_in_mid_drag_leaves_the_view_alive(lab, lesson, look, python):
    kernel = lesson.evaluate(f"{NOTEBOOK}.sessionContext.session.kernel.id")
    process = python("__import__('os').getpid()")
    shown = look("attention_loss")
    slider = shown.slider("τ")

    def goes_on(start, end, die):
        words = shown.words()
        drag(lesson, slider, start, start - 0.05)
        die()
        drag(lesson, slider, start - 0.05, end)
        shown.until("root.querySelector('.ck-words').textContent !== given", words)
        lesson.mouse.up()
        assert shown.root.locator(".ck-alarm").is_hidden()

    def crash():
        os.kill(process, signal.SIGKILL)
        told = lesson.get_by_role("dialog").get_by_role("button", name="Ok")
        told.wait_for()
        lesson.wait_for_function(f"{NOTEBOOK}.sessionContext.session.kernel.status === 'idle'")
        while told.count():  # JupyterLab may say it more than once
            told.first.click()

    def shut_down():
        lab.api("DELETE", f"api/kernels/{kernel}")
        lesson.wait_for_function(f"!{NOTEBOOK}.sessionContext.session?.kernel")

    goes_on(0.7, 0.3, crash)
    goes_on(0.3, 0.1, shut_down)
    shown.frame("[frame.kernel.patience = 200, frame.kernel.ask({})]")
    shown.until("!frame.alarm.hidden && frame.alarm.textContent.startsWith('The kernel does not answer')")
    assert lesson.locator("[data-mime-type*=error], [data-mime-type*=stderr]").count() == 0
