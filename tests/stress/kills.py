"""What is killed, done twice at once or damaged, hundreds of times: is anything lost, left behind or silently used?

    python tests/stress/kills.py compare --trials 80 [--one-core]
    python tests/stress/kills.py prepare --trials 80 [--one-core]
    python tests/stress/kills.py course --trials 40
    python tests/stress/kills.py pairs --trials 600
    python tests/stress/kills.py annotators --trials 200
    python tests/stress/kills.py damage --trials 400

Each prints its counts as JSON and ends with 1 where one of those is not 0 that must be. Only on Linux: it reads /proc.
On one core a run has no workers, and is a fork of this process, which has loaded everything: a kill costs a second.
"""

import argparse
import hashlib
import importlib
import json
import multiprocessing
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
os.environ["TQDM_DISABLE"] = "1"


LIVES = 10.0  # seconds that a process may go on after the one that it works for was killed
KILLS = 4  # of one run, at most, before it may end
TIMES = ("images_per_s", "wait")  # what differs from run to run
NOT_ZERO = ("trials", "kills", "same", "whole", "told", "both", "one")


# ---- what is killed


def compare_once(place: Path) -> None:
    """Two arms, two seeds, on a small set; writes hashes of the weights, and scores and histories."""
    from dataclasses import replace
    from importlib import import_module

    from carekit import Care, compare, profile
    from carekit.data.prepared import Prepared
    from carekit.experiment import Arm, comparing

    stages = import_module("carekit.training.stages")
    stages.SAVE_AFTER = 0  # and leave something after each epoch, at least where they train in this process
    comparing._WORTH_A_PROCESS = 0  # small as the runs are, they have workers, which can be killed
    fast = profile("fast")
    many = replace(fast, pretrain=replace(fast.pretrain, epochs=10), finetune=replace(fast.finetune, epochs=10))
    arms = {"control": Arm(Care(alpha=0)), "care": Arm()}
    runs = compare(Prepared.open(place / "set"), many, arms, [0, 1], progress=False)
    about = [
        [run.arm, run.seed, _weights(run.checkpoint), run.scores, run.history.drop(columns=list(TIMES)).to_dict("list")]
        for run in runs
    ]
    (place / "result.json").write_text(json.dumps(about, sort_keys=True))


def _weights(checkpoint: Path) -> str:
    from safetensors import safe_open

    with safe_open(checkpoint, "np") as file:
        return hashlib.sha256(b"".join(file.get_tensor(name).tobytes() for name in sorted(file.keys()))).hexdigest()


def prepare_once(place: Path) -> None:
    """As `python -m carekit prepare` does it, in two processes."""
    from carekit.__main__ import main

    if (place / "result").exists():  # the run that was killed had just ended
        return
    workers = str(min(2, len(os.sched_getaffinity(0))))
    options = ["--out", str(place / "result"), "--size", "32", "--workers", workers]
    sys.exit(main(["prepare", str(place / "raw"), *options]))


def course_once(place: Path) -> None:
    """A lesson that trains."""
    from carekit.__main__ import main

    sys.exit(
        main(
            [
                "course",
                "--profile",
                "fast",
                "--seeds",
                "1",
                "--only",
                "01",
                "--out",
                str(place / "a course {1} 100 % ü"),
            ]
        )
    )


def make_set(place: Path) -> None:
    """A small prepared set."""
    from carekit.material.drawing import skin

    skin(0, 32, {"nv": 24, "df": 12}, {"nv": 4, "df": 4}).save(place / "set")


def make_raw(place: Path, n: int = 800) -> None:
    """Photographs of three classes."""
    import numpy as np
    from PIL import Image

    (place / "raw").mkdir()
    rng = np.random.default_rng(0)
    rows = ["image,label"]
    for i in range(n):
        Image.fromarray(rng.integers(0, 256, (40, 40, 3), dtype=np.uint8)).save(place / "raw" / f"a{i}.png")
        rows.append(f"a{i}.png,{'xyz'[i % 3]}")
    (place / "raw" / "labels.csv").write_text("\n".join(rows))


def result(place: Path) -> str:
    """A hash of what a run has made, but for the times that it took."""
    digest = hashlib.sha256()
    for file in sorted(place.glob("result/*")) + sorted(place.glob("result.json")):
        if file.suffix != ".html":  # the page about a set is made when the set is there
            digest.update(file.name.encode() + file.read_bytes())
    for file in sorted(place.glob("a course*/*.json")):
        digest.update(json.dumps(_timeless(json.loads(file.read_text())), sort_keys=True).encode())
    return digest.hexdigest()


def _timeless(value):
    if isinstance(value, dict):
        return {name: _timeless(part) for name, part in value.items() if name not in (*TIMES, "results")}
    return [_timeless(part) for part in value] if isinstance(value, list) else value


JOBS = {"compare": (make_set, compare_once), "prepare": (make_raw, prepare_once), "course": (None, course_once)}
MODES = {
    "compare": ("parent", "group", "worker"),
    "prepare": ("parent", "group", "worker"),
    "course": ("parent", "group", "kernel", "worker"),
}
MARKS = {"worker": ("popen_loky", "multiprocessing.spawn", "multiprocessing-fork"), "kernel": ("ipykernel_launcher",)}


# ---- processes


class Forked:
    """A fork of this process on one core: `work` with its words in a file, in a session of its own."""

    def __init__(self, work, place: Path, environment: dict[str, str]):
        self.returncode: int | None = None
        self.pid = os.fork()
        if self.pid:
            return
        status = 1
        try:
            os.setsid()
            os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
            os.environ.update(environment)
            tempfile.tempdir = None
            log = os.open(place / "log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(log, 1)
            os.dup2(log, 2)
            work(place)
            status = 0
        except SystemExit as error:
            status = int(error.code or 0)
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)

    def wait(self, timeout: float = 3600) -> int:
        until = time.monotonic() + timeout
        while self.returncode is None:
            ended, status = os.waitpid(self.pid, os.WNOHANG)
            if ended:
                self.returncode = os.waitstatus_to_exitcode(status)
            elif time.monotonic() > until:
                raise subprocess.TimeoutExpired("a fork", timeout)
            else:
                time.sleep(0.01)
        return self.returncode


one_core = False  # whether runs are forks
minutes = float("inf")  # after so many, no further run is begun


def _start(job: str, place: Path) -> "subprocess.Popen | Forked":
    (place / "tmp").mkdir(exist_ok=True)
    environment = os.environ | {
        "CAREKIT_RUNS": str(place / "runs"),
        "TMPDIR": str(place / "tmp"),
        "OMP_NUM_THREADS": "1",
    }
    if one_core:
        return Forked(JOBS[job][1], place, environment)
    command = [sys.executable, __file__, "--once", job, str(place)]
    with open(place / "log", "wb") as log:
        return subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)


def family(process: int) -> dict[int, str]:
    """A process and all that it has started, with their command lines."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError, IndexError):
            parents[int(stat.parent.name)] = int(stat.read_text().rsplit(")", 1)[1].split()[1])
    found = {process}
    while True:
        more = {child for child, parent in parents.items() if parent in found} - found
        if not more:
            break
        found |= more
    lines = {}
    for each in found:
        with suppress(OSError):
            lines[each] = Path(f"/proc/{each}/cmdline").read_text().replace("\0", " ")
    return lines


def _lives(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def kill(running: "subprocess.Popen | Forked", mode: str, chance: random.Random) -> dict[int, str]:
    """Kill the process, one of its workers, its kernel or all; returns those that lived until then."""
    lived = family(running.pid)
    chosen = [each for each, line in lived.items() if any(mark in line for mark in MARKS.get(mode, ()))]
    with suppress(ProcessLookupError):
        if mode == "group":
            os.killpg(running.pid, signal.SIGKILL)
        else:
            os.kill(chance.choice(sorted(chosen)) if chosen else running.pid, signal.SIGKILL)
    return lived


# ---- kills


class Wanted(NamedTuple):
    """What a run that nobody disturbs comes to, and what it leaves: torch keeps an empty folder, for instance."""

    result: str
    left: set[str]


def kills(job: str, trials: int, seed: int = 0) -> Counter:
    """Kill a job at random moments, one to `KILLS` times; then let it end, and compare with an undisturbed run."""
    make, _ = JOBS[job]
    chance, counts = random.Random(seed), Counter(trials=0, kills=0, same=0, other=0, orphans=0, left=0, tracebacks=0)
    with tempfile.TemporaryDirectory() as root:
        pattern = Path(root, "pattern")
        pattern.mkdir()
        if make is not None:
            make(pattern)
        calm = Path(shutil.copytree(pattern, Path(root, "calm")))
        started = time.monotonic()
        running = _start(job, calm)
        if running.wait():
            raise SystemExit((calm / "log").read_text(errors="replace"))
        seconds, wanted = time.monotonic() - started, Wanted(result(calm), set(leftovers(calm, {running.pid})))
        until = time.monotonic() + minutes * 60
        while counts["kills"] < trials and time.monotonic() < until:
            place = Path(shutil.copytree(pattern, Path(root, str(counts["trials"]))))
            mine: set[int] = set()
            for _ in range(min(chance.randint(1, KILLS), trials - counts["kills"])):
                mine |= _kill_once(job, place, chance, seconds, counts)
            _end(job, place, wanted, mine, counts)
            shutil.rmtree(place)
            print(dict(counts), file=sys.stderr, flush=True)  # a run that is stopped has told how far it came
    return counts


def _kill_once(job: str, place: Path, chance: random.Random, seconds: float, counts: Counter) -> set[int]:
    running = _start(job, place)
    mode = chance.choice(MODES[job])
    try:
        running.wait(chance.uniform(0.1, 1.0) * seconds)
        return {running.pid}  # it was faster
    except subprocess.TimeoutExpired:
        lived = kill(running, mode, chance)
    counts["kills"] += 1
    counts[f"of {mode}"] += 1
    running.wait()
    until = time.monotonic() + LIVES
    while any(map(_lives, lived)) and time.monotonic() < until:
        time.sleep(0.05)
    late = [each for each in lived if _lives(each)]
    counts["orphans"] += len(late)
    for each in late:
        with suppress(ProcessLookupError):
            os.kill(each, signal.SIGKILL)
    if job != "compare" and "Traceback" in (place / "log").read_text(errors="replace"):
        counts["tracebacks"] += 1
        print((place / "log").read_text(errors="replace")[-3000:], file=sys.stderr)
    return set(lived)


def _end(job: str, place: Path, wanted: Wanted, mine: set[int], counts: Counter) -> None:
    running = _start(job, place)
    mine.add(running.pid)
    counts["trials"] += 1
    if running.wait() == 0 and result(place) == wanted.result:
        counts["same"] += 1
    else:
        counts["other"] += 1
        print((place / "log").read_text(errors="replace")[-3000:], file=sys.stderr)
    until = time.monotonic() + 5  # the caretaker of semaphores ends a little later
    while (left := set(leftovers(place, mine)) - wanted.left) and time.monotonic() < until:
        time.sleep(0.05)
    counts["left"] += len(left)
    if left:
        print("left:", left, file=sys.stderr)


def leftovers(place: Path, mine: set[int]) -> list[str]:
    """What should be gone: files that are hidden or unfinished, and temporary ones."""
    files = [path for path in place.rglob("*") if path.name.startswith(".") or path.suffix in (".unfinished", ".part")]
    found = [str(path.relative_to(place)) for path in files if not path.name.endswith(".lock")]
    found += [f"tmp/{path.name}" for path in (place / "tmp").iterdir()]
    return found


# ---- twice at once


def _one_of_two(which: int, barrier, answers, work, places: list[Path]) -> None:
    chance = random.Random(which)
    for place in places:
        barrier.wait()
        time.sleep(chance.uniform(0, 0.06) * which)
        try:
            work(which, place)
            answers.put((str(place), which, "ok"))
        except (OSError, ValueError) as error:
            answers.put((str(place), which, f"{type(error).__name__}: {error}"))
        barrier.wait()


def _two(work, places: list[Path]) -> dict[str, dict[int, str]]:
    """Two processes do `work` in each place at the same moment; place -> which -> what came of it."""
    context = multiprocessing.get_context("spawn")
    barrier, answers = context.Barrier(2), context.Queue()
    both = [context.Process(target=_one_of_two, args=(i, barrier, answers, work, places)) for i in (0, 1)]
    for each in both:
        each.start()
    found: dict[str, dict[int, str]] = {str(place): {} for place in places}
    for _ in range(2 * len(places)):
        place, which, what = answers.get(timeout=120)
        found[place][which] = what
    for each in both:
        each.join()
    return found


def _prepare(which: int, place: Path) -> None:
    from carekit.material.intake.layouts.own import OWN
    from carekit.material.intake.preparing.prepare import prepare

    overwrite = place.name.endswith("o")
    prepare(OWN, place.parent / "raw", place, 16, workers=1, overwrite=overwrite)


def pairs(trials: int, seed: int = 0) -> Counter:
    """Two prepares to one folder; every second pair replaces a set that is there."""
    from carekit.data.prepared import Prepared

    counts = Counter(trials=trials, both=0, one=0, neither=0, broken=0, left=0, untold=0)
    with tempfile.TemporaryDirectory() as root:
        make_raw(Path(root), 12)
        _prepare(0, Path(root, "old"))
        places = [Path(root, f"{i}{'o' * (i % 2)}") for i in range(trials)]
        for place in places[1::2]:
            shutil.copytree(Path(root, "old"), place)
        for place, answers in _two(_prepare, places).items():
            won = sum(answer == "ok" for answer in answers.values())
            counts[("neither", "one", "both")[won]] += 1
            lost = [answer for answer in answers.values() if answer != "ok"]
            counts["untold"] += sum(not answer.startswith(("BlockingIOError", "FileExistsError")) for answer in lost)
            try:
                Prepared.open(place).verify()
            except (OSError, ValueError) as error:
                counts["broken"] += 1
                print(place, answers, error, file=sys.stderr)
        counts["left"] = sum(path.name.startswith(".") for path in Path(root).iterdir())
    return counts


def _annotate(which: int, place: Path) -> None:
    from carekit.data.prepared import Prepared
    from carekit.data.prepared.annotating import save_boxes

    data = Prepared.open(place)
    save_boxes(data, data.samples.image_id[which], [[1, 1, 3 + which, 4]])


def annotators(trials: int, seed: int = 0) -> Counter:
    """Two people save the boxes of two images of one set."""
    from carekit.data.prepared import Prepared

    counts = Counter(trials=trials, both=0, lost=0, broken=0, untold=0)
    with tempfile.TemporaryDirectory() as root:
        make_set(Path(root))
        places = [Path(shutil.copytree(Path(root, "set"), Path(root, str(i)))) for i in range(trials)]
        for place, answers in _two(_annotate, places).items():
            counts["untold"] += sum(answer != "ok" for answer in answers.values())
            try:
                data = Prepared.open(place)
                data.verify()
                kept = [data.boxes_of(i).tolist() == [[1, 1, 3 + i, 4]] for i in (0, 1)]
                counts["both" if all(kept) else "lost"] += 1
            except (OSError, ValueError) as error:
                counts["broken"] += 1
                print(place, answers, error, file=sys.stderr)
    return counts


# ---- damage


def damage(trials: int, seed: int = 0) -> Counter:
    """Flip bits, cut, empty, extend and blank the files of a prepared set and of a model, and open them."""
    import torch

    from carekit.data.prepared import Prepared
    from carekit.networks import build, checkpoints

    chance, counts = random.Random(seed), Counter(trials=0, told=0, used=0, untold=0)
    with tempfile.TemporaryDirectory() as root:
        os.environ["CAREKIT_RUNS"] = str(Path(root, "runs"))
        make_set(Path(root))
        torch.manual_seed(0)
        model = Path(root, "set", "model.safetensors")
        checkpoints.save(model, build("small", 2), about={"scores": {"mca": 0.5}, "history": []})

        def use(file: Path) -> None:
            if file == model:
                checkpoints.read_about(file)
                checkpoints.load(file, build("small", 2))
            else:
                Prepared.open(file.parent).verify_once()

        files = [
            Path(root, "set", name) for name in ("images.npy", "masks.npy", "samples.csv", "boxes.csv", "facts.json")
        ]
        for i in range(trials):
            file = model if i % 2 else files[i // 2 % len(files)]
            content = file.read_bytes()
            file.write_bytes(_damaged(content, chance))
            counts["trials"] += 1
            try:
                use(file)
                counts["used"] += 1
                print("used:", file.name, i, file=sys.stderr)
            except (ValueError, FileNotFoundError):
                counts["told"] += 1
            except Exception as error:
                counts["untold"] += 1
                print(file.name, type(error).__name__, error, file=sys.stderr)
            file.write_bytes(content)
        for file in (*files, model):
            use(file)  # whole again
    return counts


def _damaged(content: bytes, chance: random.Random) -> bytes:
    how, place = chance.randrange(8), chance.randrange(len(content))
    damaged = bytearray(content)
    if how == 0:
        damaged = damaged[:place]
    elif how == 1:
        damaged += bytes(chance.randrange(1, 100))
    elif how == 2:
        damaged[place : place + 4096] = bytes(min(4096, len(content) - place))
    elif how == 3 and place % 4 == 0:
        damaged = bytearray()
    if how > 3 or damaged == content:
        for _ in range(chance.choice([1, 1, 2, 8])):
            damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
    return bytes(damaged) if damaged != content else content + b"x"


LOADED = (
    "carekit.__main__",
    "carekit.material.intake.doctor.page",
    "carekit.material.intake.preparing.command_line",
    "carekit.material.drawing",
    "carekit.experiment",
)
KINDS = {
    **{job: lambda trials, seed=0, job=job: kills(job, trials, seed) for job in JOBS},
    "pairs": pairs,
    "annotators": annotators,
    "damage": damage,
}


def faults(counts: Counter) -> dict[str, int]:
    """What should not have been."""
    return {name: n for name, n in counts.items() if n and name not in NOT_ZERO and not name.startswith("of ")}


def main() -> int:
    global minutes, one_core
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--one-core", action="store_true", help="runs without workers, as forks of this process")
    parser.add_argument("--minutes", type=float, default=minutes, help="begin no further run after so many")
    options = parser.parse_args()
    minutes = options.minutes
    if options.one_core:
        one_core = True
        for name in LOADED:
            importlib.import_module(name)
    started = time.monotonic()
    counts = KINDS[options.kind](options.trials, options.seed)
    print(
        json.dumps({"kind": options.kind, "one core": one_core, "seconds": round(time.monotonic() - started)} | counts)
    )
    return 1 if faults(counts) else 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--once"]:
        JOBS[sys.argv[2]][1](Path(sys.argv[3]))
    else:
        sys.exit(main())
