"""JupyterLab or Notebook 7, in a folder of its own, for what has to be seen in a browser; nothing from the network."""

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nbformat

FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --enable-precise-memory-info"
).split()
OPTIONS = (
    "--no-browser --allow-root --ServerApp.ip=127.0.0.1 --ServerApp.port_retries=0 --ServerApp.terminals_enabled=False"
)
APPS = {  # a module of Python: its own options, and the path of a notebook
    "jupyterlab": (
        "--LabApp.expose_app_in_browser=True --LabApp.news_url=None --LabApp.extension_manager=readonly "
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "lab/workspaces/{name}/tree/{name}.ipynb",
    ),
    "notebook": ("--JupyterNotebookApp.expose_app_in_browser=True", "notebooks/{name}.ipynb"),
}
# A document that is ready to be run: Lab restored, the notebook shown, its kernel idle.
_READY = """() => {
    const panel = window.jupyterapp?.shell.currentWidget;
    return panel?.context?.isReady && panel.sessionContext?.isReady
        && panel.sessionContext.session?.kernel?.status === 'idle';
}"""


def chromium() -> str | None:
    """The path of a Chromium or Chrome that is installed, or None."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next((path for path in map(shutil.which, names) if path), None)


class Lab:
    """A server of an app; `with Lab(folder) as lab:` ends it and its kernels. Raises RuntimeError if it stays away."""

    def __init__(self, folder: Path, environment: dict[str, str] | None = None, app: str = "jupyterlab"):
        options, self.path = APPS[app]
        self.folder, self.port = folder / "lab", _free_port()
        self.folder.mkdir(parents=True)
        self.url, self.token = f"http://127.0.0.1:{self.port}", secrets.token_hex(16)
        own = {f"JUPYTER_{name}_DIR": str(folder / name.lower()) for name in ("CONFIG", "DATA", "RUNTIME")}
        own |= {f"JUPYTERLAB_{name}_DIR": str(folder / name.lower()) for name in ("SETTINGS", "WORKSPACES")}
        own |= {"IPYTHONDIR": str(folder / "ipython"), "CAREKIT_RUNS": str(folder / "runs")}
        settings = folder / "settings" / "@jupyterlab" / "apputils-extension" / "notification.jupyterlab-settings"
        settings.parent.mkdir(parents=True)
        settings.write_text(json.dumps({"fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True}))
        command = [sys.executable, "-m", app, *OPTIONS.split(), *options.split(), f"--ServerApp.port={self.port}"]
        self.log = folder / "lab.log"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [*command, f"--ServerApp.root_dir={self.folder}"],
                stdout=log,
                stderr=log,
                env=os.environ | own | {"JUPYTER_TOKEN": self.token} | (environment or {}),
            )
        self._wait(60)

    def _wait(self, patience: float) -> None:
        until = time.monotonic() + patience
        while time.monotonic() < until and self.process.poll() is None:
            try:
                self.api("GET", "api/status")
                return
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.1)
        self.close()
        raise RuntimeError(f"Jupyter did not start: {self.log.read_text(errors='replace')[-2000:]}")

    def api(self, method: str, path: str, body: Any = None) -> Any:
        """The answer of the server's REST API."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"token {self.token}"}
        request = urllib.request.Request(f"{self.url}/{path}", data, headers, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def write(self, name: str, cells: Sequence[str]) -> Path:
        """A notebook with these cells of code."""
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])
        notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
        path = self.folder / name
        nbformat.write(notebook, path)
        return path

    def open(self, tab: Any, name: str) -> None:
        """Show the notebook alone in a page of playwright, when its kernel is ready."""
        tab.goto(f"{self.url}/{self.path.format(name=Path(name).stem)}?token={self.token}")
        tab.wait_for_function(_READY, timeout=60_000)

    def run_all(self, tab: Any) -> None:
        """Run all cells of the notebook that is shown, to the end; an error in a cell is a RuntimeError."""
        tab.evaluate("() => window.jupyterapp.commands.execute('notebook:run-all-cells')")
        failed = tab.locator("[data-mime-type='application/vnd.jupyter.error']")
        if failed.count():
            raise RuntimeError(f"a cell failed: {failed.first.inner_text()}")

    def close(self) -> None:
        """End the server and its kernels."""
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def __enter__(self) -> "Lab":
        return self

    def __exit__(self, *_error) -> None:
        self.close()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]
