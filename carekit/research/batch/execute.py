"""Run one notebook in its own kernel, by papermill; report the cause if a cell or the kernel fails."""

import asyncio
import os
import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

import papermill
from nbclient.exceptions import DeadKernelError
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, papermill_engines
from papermill.exceptions import PapermillExecutionError
from papermill.log import logger
from traitlets.config import Config

from carekit.ground.environment import python_path

# How to reach a notebook's kernel: next to the notebook, and not in the system's temporary files, where it would stay.
CONNECTION = ".kernel-{}.json"
SAVE_EVERY = 5.0  # seconds: papermill writes the whole notebook twice a cell, which takes seconds if it has figures
_running: set["_Client"] = set()


def surroundings(runs: str | Path, threads: int) -> dict[str, str]:
    """The environment of a process that runs notebooks: this checkout's code, the folder of models, the cores.

    Args:
        runs: folder of trained models.
        threads: cores; a number in this process's own environment goes before it.
    """
    cores = dict.fromkeys(("LOKY_MAX_CPU_COUNT", "OMP_NUM_THREADS"), str(threads))
    return cores | dict(os.environ) | {"PYTHONPATH": python_path(), "CAREKIT_RUNS": str(runs)}


def cause(status: int | None) -> str:
    """Why a process has ended, from its exit status: negative for a signal, None for a process that still exists."""
    if status is None:
        return "it answers no more"
    if status >= 0:
        return f"it ended by itself with status {status}"
    name = signal.Signals(-status).name
    if name == "SIGKILL":
        return "it was killed (SIGKILL), as the system does for want of memory"
    return f"it crashed ({name})"


class NotebookStopped(Exception):
    """A notebook did not come to its end.

    Args:
        reason: in one line, with the cell.
        error: the name of the exception in the cell; empty if the kernel died.
        value: the text of that exception.
    """

    def __init__(self, reason: str, error: str = "", value: str = ""):
        super().__init__(reason)
        self.error = error
        self.value = value


class KernelDied(NotebookStopped):
    """The kernel's process ended in the middle of a cell; the reason says by which signal or status."""


class _Client(PapermillNotebookClient):
    """papermill's client, which looks at a dead kernel's process before it is cleaned away."""

    def execute_cell(self, cell: Any, cell_index: int, **options: Any) -> Any:
        try:
            return super().execute_cell(cell, cell_index, **options)
        except DeadKernelError:
            status = self.km.provisioner.process.poll()
            cells = self.nb.cells[: cell_index + 1]
            count = sum(earlier.cell_type == "code" and bool(earlier.source.strip()) for earlier in cells)
            place = _place(count, cell.source)
            raise KernelDied(f"the kernel died in {place}: {cause(status)}") from None


class _Engine(NBClientEngine):
    """papermill's engine with the client above."""

    @classmethod
    def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, start_timeout: int = 60, **options: Any) -> Any:
        passed = ("stdout_file", "stderr_file", "extra_arguments", "config", "resources")
        chosen = {name: options[name] for name in passed if options.get(name)}
        client = _Client(nb_man, kernel_name=kernel_name, startup_timeout=start_timeout, log=logger, **chosen)
        save = nb_man.save

        def save_if_old(**changed: Any) -> None:
            if (nb_man.now() - nb_man.last_save_time).total_seconds() >= SAVE_EVERY:
                save(**changed)

        _running.add(client)
        nb_man.save = save_if_old
        try:
            return client.execute(env=options["env"])
        finally:
            nb_man.save = save  # after the last cell, however it ended, papermill saves once more
            _running.discard(client)
            if threading.current_thread() is not threading.main_thread():
                asyncio.get_event_loop().close()  # papermill opens one in each thread and leaves it open


papermill_engines.register("carekit", _Engine)


def end_kernels() -> None:
    """Kill the kernels of all notebooks that run in other threads of this process: each stops with KernelDied."""
    for client in list(_running):
        if client.km is not None and client.km.has_kernel:
            client.km.provisioner.process.kill()


@contextmanager
def ctrl_c_ends_kernels() -> Iterator[None]:
    """Let Ctrl-C, pressed once or often, end the kernels of all threads: threads do not hear it, and are waited for."""

    def end(*_: Any) -> None:
        end_kernels()
        raise KeyboardInterrupt

    before = signal.getsignal(signal.SIGINT)
    here = threading.current_thread() is threading.main_thread() and before is signal.default_int_handler
    if here:
        signal.signal(signal.SIGINT, end)
    try:
        yield
    finally:
        if here:
            signal.signal(signal.SIGINT, before)


def execute(
    notebook: Path,
    executed: Path,
    parameters: Mapping[str, Any],
    *,
    kernel: str = "python3",
    env: Mapping[str, str] | None = None,
    bar: bool = False,
    log: TextIO | None = None,
) -> Any:
    """Run a notebook in its own folder; return it with its outputs, which are also saved while it runs.

    Args:
        notebook: the file to run.
        executed: path of the copy with outputs; after a failure it has the outputs so far.
        parameters: values that replace those of its parameters cell.
        kernel: a kernel's name.
        env: the kernel's environment variables; None: those of this process.
        bar: show a bar that counts cells.
        log: an open file for what cells print.

    Raises:
        NotebookStopped: for a cell that raises.
        KernelDied: for a kernel that ends in a cell.
    """
    try:
        return papermill.execute_notebook(
            literally(notebook),
            literally(executed),
            dict(parameters),
            engine_name="carekit",
            kernel_name=kernel,
            language="python",
            progress_bar={"leave": False} if bar else False,
            stdout_file=log,
            stderr_file=log,
            extra_arguments=["--log-level=40"],  # a warning about local sockets would be printed in each progress bar
            env=dict(os.environ if env is None else env),
            resources={"metadata": {"path": str(notebook.parent)}},  # papermill's `cwd` would move this process, too
            config=Config(KernelManager={"connection_file": str(executed.parent / CONNECTION.format(executed.stem))}),
        )
    except DeadKernelError:
        raise KernelDied("the kernel died outside of a cell") from None
    except PapermillExecutionError as error:
        first_line = f"{error.ename}: {error.evalue}".splitlines()[0]
        reason = f"{_place(error.exec_count, error.source)}: {first_line}"
        raise NotebookStopped(reason, error.ename, error.evalue) from None


def literally(path: Path) -> str:
    """A path in the form that papermill needs, which fills parameters into braces."""
    return str(path).replace("{", "{{").replace("}", "}}")


def _place(count: int, source: str) -> str:
    """A cell by its number as Jupyter shows it, and its first line of code."""
    lines = [line.strip() for line in source.splitlines()]
    first = next((line for line in lines if line and not line.startswith("#")), "")
    return f"In [{count}] ({first[:60]})"
