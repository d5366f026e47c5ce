"""The project's own environment `.venv`: made and entered by the first command. Standard library only."""

import hashlib
import os
import signal
import subprocess
import sys
import venv
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def enter(extras: list[str], program: tuple[str, ...] = ("-m", "carekit")) -> None:
    """Continue in an environment that has `extras`; returns only inside it, otherwise hands over to a process there.

    Without a checkout, or in an environment that the user has activated, that one is used as it is.

    Args:
        extras: of the package.
        program: arguments of Python that start the program there; those of this process follow.
    """
    inside = Path(sys.prefix).resolve() == VENV.resolve()
    managed = sys.prefix != sys.base_prefix or "CONDA_PREFIX" in os.environ
    if not (ROOT / "pyproject.toml").exists() or (managed and not inside):
        return
    install(extras)
    if inside:
        return
    hand_over([str(PYTHON), *program, *sys.argv[1:]])


def python_path() -> str:
    """The PYTHONPATH for a process in another folder that runs this checkout's code."""
    return os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))


def hand_over(command: list[str]) -> NoReturn:
    """Replace this process by `command`, which then gets Ctrl-C and gives the exit status."""
    sys.stdout.flush()
    if os.name == "posix":
        os.execv(command[0], command)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # elsewhere this process waits, and the command decides
    sys.exit(subprocess.call(command))


def install(extras: list[str]) -> None:
    """Make `.venv` and install the package with `extras` there, once for each state of the project's requirements."""
    stamps = [VENV / f"carekit-{extra}.stamp" for extra in extras]
    files = (ROOT / "pyproject.toml", ROOT / "constraints.txt")
    wanted = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
    if all(stamp.exists() and stamp.read_text() == wanted for stamp in stamps):
        return
    print(f"Setting up {VENV.name} with {', '.join(extras)} (once, a few minutes) ...", flush=True)
    _make_venv()
    package = f"{ROOT}[{','.join(extras)}]"
    pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    status = subprocess.call([*pip, "--constraint", str(ROOT / "constraints.txt"), "--editable", package])
    if status:
        sys.exit(
            "pip could not install the packages (its message is printed above): check the network and run this again"
        )
    for stamp in stamps:
        stamp.write_text(wanted)


def must_be_complete() -> bool:
    """Whether a missing browser or Node.js is a failure: in continuous integration, or by CAREKIT_REQUIRE_BROWSER=1."""
    return os.environ.get("CI") == "true" or os.environ.get("CAREKIT_REQUIRE_BROWSER") == "1"


def _make_venv() -> None:
    if PYTHON.exists() and not subprocess.call([str(PYTHON), "-m", "pip", "--version"], stdout=subprocess.DEVNULL):
        return
    try:
        venv.create(VENV, with_pip=True, clear=True)
    except (subprocess.CalledProcessError, OSError) as error:
        sys.exit(f"{VENV.name} could not be made ({error}): install Python's venv module (python3-venv) and try again")
