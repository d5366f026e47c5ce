import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from carekit.data.prepared import Prepared
from carekit.material.intake.download.origins import Origin, Remote
from carekit.material.intake.layouts.own import OWN
from carekit.material.intake.preparing.command_line import main

FOLDER = Path(__file__).resolve().parents[2] / "data_scripts"
SCRIPTS = sorted(path.stem for path in FOLDER.glob("[a-z]*.py"))


def _run(name, *arguments, cwd):
    command = [sys.executable, FOLDER / f"{name}.py", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, env=os.environ | {"PYTHONPATH": ""}, capture_output=True, text=True)


@pytest.fixture
def own(tmp_path):
    root = tmp_path / "own"
    root.mkdir()
    rows = ["image,label"]
    for i in range(24):
        Image.new("RGB", (40, 30), (10 * i, 90, 90)).save(root / f"p{i:02d}.png")
        rows.append(f"p{i:02d}.png,{'common' if i % 3 else 'rare'}")
    (root / "labels.csv").write_text("\n".join(rows))
    (root / "boxes.csv").write_text("image,x,y,w,h\n" + "".join(f"p{i:02d}.png,5,5,9,9\n" for i in range(24)))
    return root


@pytest.mark.parametrize("name", SCRIPTS)
def test_each_runs_from_anywhere_and_takes_the_same_options(name, tmp_path):
    done = _run(name, "--help", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    common = ["--out", "--size", "--workers", "--seed", "--overwrite"]
    for option in common if name == "make_synthetic" else [*common, "--source", "--limit", "--split"]:
        assert option in done.stdout


def test_a_table_and_what_comes_next_then_a_refusal_to_overwrite(own, tmp_path):
    done = _run("prepare_own", "--source", own, "--out", "out", "--size", 16, "--workers", 1, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["class", "train", "test", "boxes"]
    assert lines[1:4] == [
        "common        13       3      16",
        "rare           6       2       8",
        "all           19       5      24",
    ]
    assert lines[4].startswith("Split: by image") and "images of one patient may be in both parts" in lines[4]
    assert lines[5] == "Next: python -m carekit check out, then make course DATA=out"
    again = _run("prepare_own", "--source", own, "--out", "out", cwd=tmp_path)
    assert again.returncode == 2 and again.stderr.startswith("own: folder") and "already has files" in again.stderr


@pytest.mark.parametrize(
    ("name", "arguments", "words"),
    [
        ("prepare_ham10000", ["--source", "none"], "ham10000: .*none does not exist"),
        ("prepare_isic2018", ["--source", "own"], "isic2018: .*own is not laid out as isic2018: it must hold"),
        ("prepare_medmnist", [], "medmnist: give --source, .*, or --download to fetch them"),
        ("prepare_own", [], "own: give --source, the folder or archive with the images$"),
        ("prepare_rsna", ["--download"], "rsna: RSNA needs a Kaggle account: log in"),
        ("make_synthetic", ["--size", "16"], "make_synthetic: size = 16 is out of range"),
        ("make_synthetic", ["--imbalance", "0"], "make_synthetic: imbalance = 0.0 is out of range"),
        ("make_synthetic", ["--imbalance", "nan"], "make_synthetic: imbalance = nan is out of range"),
        ("make_synthetic", ["--workers", "0"], "make_synthetic: workers = 0 is too small"),
        ("make_synthetic", ["--rate", "hair"], "make_synthetic: rate 'hair' is not of the form ARTEFACT=SHARE"),
        ("make_synthetic", ["--images", "1000000000000"], "make_synthetic: .* MB are needed: choose another disk"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_2(own, tmp_path, name, arguments, words):
    done = _run(name, *arguments, "--out", "out", cwd=tmp_path)
    assert done.returncode == 2 and done.stderr.count("\n") == 1
    assert re.match(words, done.stderr.strip()), done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["own"]


@pytest.mark.skipif(sys.platform == "win32", reason="stops by POSIX signals")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_stopped_it_says_so_and_goes_on(own, tmp_path, how):
    """Over 640 images, so that it is stopped on its way; heard even where the tests run behind a shell's `&`."""
    for i in range(24, 640):
        shutil.copy(own / f"p{i % 24:02d}.png", own / f"p{i}.png")
        with open(own / "labels.csv", "a") as file:
            file.write(f"\np{i}.png,common")
    command = [sys.executable, FOLDER / "prepare_own.py", "--source", own, "--out", "out", "--size", "400"]
    heard = partial(signal.signal, how, signal.SIG_DFL)  # a shell lets what it puts behind ignore SIGINT
    options = {"cwd": tmp_path, "stderr": subprocess.PIPE, "text": True, "preexec_fn": heard}
    child = subprocess.Popen([*command, "--workers", "1"], **options)
    journal, end = tmp_path / ".out.part" / "journal.jsonl", time.monotonic() + 60
    while not (journal.exists() and journal.read_text().count("\n") > 1):
        assert time.monotonic() < end
        time.sleep(0.01)
    child.send_signal(how)
    assert "own: stopped; the same command resumes from here" in child.communicate()[1]
    assert child.returncode == 130 and journal.exists()
    done = _run("prepare_own", "--source", own, "--out", "out", "--size", 400, "--workers", 1, cwd=tmp_path)
    assert done.returncode == 0 and len(Prepared.open(tmp_path / "out")) == 640
    assert " 0/640" not in done.stderr  # the bar begins where it was


def test_downloaded_and_prepared_in_one_command(own, tmp_path, monkeypatch, capsys):
    (tmp_path / "www").mkdir()
    shutil.make_archive(str(tmp_path / "www" / "images"), "zip", own)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=str(tmp_path / "www")))
    monkeypatch.setattr(SimpleHTTPRequestHandler, "log_message", lambda *_: None)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/images.zip"
    origin = Origin("Mine", "CC0", "nobody", (Remote(url, "images.zip", None, None),))
    arguments = ["--download", "--source", str(tmp_path / "raw"), "--out", str(tmp_path / "out")]
    status = main(OWN, "own", [*arguments, "--size", "16", "--workers", "1"], origin=lambda _: origin)
    server.shutdown()
    server.server_close()
    assert status == 0 and "licence: CC0" in capsys.readouterr().out
    assert len(Prepared.open(tmp_path / "out")) == 24


def test_artefacts_of_each_class_and_part(tmp_path):
    rates = ["--rate", "hair=1", "--rate", "ruler:df=1", "--test-rate", "hair=0", "--test-rate", "chart:nv=1"]
    options = ["--size", 32, "--images", 30, "--test-images", 2, "--workers", 1, *rates]
    done = _run("make_synthetic", *options, "--out", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    data = Prepared.open(tmp_path / "out")
    kinds = [(data.classes[label], split) for label, split in zip(data.labels, data.samples.split, strict=True)]
    for (name, split), shown in zip(kinds, data.samples.artefacts, strict=True):
        assert ("hair" in shown) == (split == "train")
        assert "ruler" in shown or (name, split) != ("df", "train")
        assert "chart" in shown or (name, split) != ("nv", "test")


def test_a_drawn_set_is_stored_with_the_bytes_that_are_drawn_in_memory(tmp_path):
    from carekit.material.drawing import SKIN, Recipe, scaled_counts

    options = ["--size", 32, "--images", 30, "--test-images", 2, "--label-noise", 0.2, "--workers", 2, "--imbalance", 3]
    done = _run("make_synthetic", *options, "--out", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    stored = Prepared.open(tmp_path / "out")
    counts = scaled_counts(SKIN, 30, SKIN.exponent(3), floor=1)
    drawn = Recipe(SKIN, 0, 32, counts, dict.fromkeys(SKIN.classes, 2), label_noise=0.2).in_memory()
    np.testing.assert_array_equal(stored.images, drawn.images)
    np.testing.assert_array_equal(stored.masks, drawn.masks)
    assert stored.samples.drop(columns="artefacts").equals(drawn.samples.drop(columns="artefacts"))
    np.testing.assert_allclose(stored.boxes[["x0", "y1"]], drawn.boxes[["x0", "y1"]])
