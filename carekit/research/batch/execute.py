"""One notebook in a kernel of its own, by papermill, with the cause where a cell or the kernel ends badly."""

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
from papermill.engines import NBClientEngine, NotebookExecutionManager, papermill_engines
from papermill.exceptions import PapermillExecutionError
from papermill.log import logger
from traitlets.config import Config

from carekit.research.batch.cause import cause

# How to reach a notebook's kernel: beside the notebook, and not among the system's temporary files for ever.
CONNECTION = ".kernel-{}.json"
SAVE_EVERY = 5.0  # seconds: papermill writes the whole notebook twice a cell, which takes seconds where it has figures
_running: set["_Client"] = set()


class NotebookStopped(Exception):
    """A notebook did not come to its end.

    Args:
        reason: in one line, with the cell.
        error: the name of the exception in the cell; empty where the kernel died.
        value: what that exception says.
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
            run = [each for each in self.nb.cells[: cell_index + 1] if each.cell_type == "code" and each.source.strip()]
            place = _place(len(run), cell.source)
            raise KernelDied(f"the kernel died in {place}: {cause(status)}") from None


class _Engine(NBClientEngine):
    """papermill's engine with the client above."""

    @classmethod
    def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, start_timeout: int = 60, **options: Any) -> Any:
        passed = ("stdout_file", "stderr_file", "extra_arguments", "config", "resources")
        wanted = {name: options[name] for name in passed if options.get(name)}
        client = _Client(nb_man, kernel_name=kernel_name, startup_timeout=start_timeout, log=logger, **wanted)
        _running.add(client)
        try:
            with _saved_now_and_then(nb_man):
                return client.execute(env=options["env"])
        finally:
            _running.discard(client)
            if threading.current_thread() is not threading.main_thread():
                asyncio.get_event_loop().close()  # this thread's own, which nobody else would close


@contextmanager
def _saved_now_and_then(nb_man: NotebookExecutionManager) -> Iterator[None]:
    """A notebook that runs is saved where its last copy is older than `SAVE_EVERY`."""
    save = nb_man.save

    def save_if_old(**changed: Any) -> None:
        if (nb_man.now() - nb_man.last_save_time).total_seconds() >= SAVE_EVERY:
            save(**changed)

    nb_man.save = save_if_old
    try:
        yield
    finally:
        nb_man.save = save  # after the last cell, however it ended, papermill saves once more


papermill_engines.register("carekit", _Engine)


def end_kernels() -> None:
    """Kill the kernels of all notebooks that run in other threads of this process: each stops with KernelDied."""
    for client in list(_running):
        if client.km is not None and client.km.has_kernel:
            client.km.provisioner.process.kill()


@contextmanager
def ctrl_c_ends_kernels() -> Iterator[None]:
    """Threads do not hear Ctrl-C, and this process waits for them: so their kernels end with it, however often it is
    pressed."""

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
        notebook: what to run.
        executed: where the copy with outputs goes; what was reached stands there after a failure, too.
        parameters: what its parameters cell is overruled by.
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
            extra_arguments=["--log-level=40"],  # a warning about local sockets would stand in each progress bar
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
    """A path as papermill takes it, which fills parameters into braces."""
    return str(path).replace("{", "{{").replace("}", "}}")


def _place(count: int, source: str) -> str:
    """A cell by its number as Jupyter shows it, and by its first line of code, which says more."""
    lines = [line.strip() for line in source.splitlines()]
    first = next((line for line in lines if line and not line.startswith("#")), "")
    return f"In [{count}] ({first[:60]})"
