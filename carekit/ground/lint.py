"""Check the code by machine: `python -m carekit lint`. Standard library only."""

import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence

from carekit.ground.environment import ROOT, must_be_complete


def run_checks(names: Sequence[str]) -> int:
    """Run the checks of these names, all of them even if one fails; returns 0 if all pass, else 1.

    Args:
        names: keys of `CHECKS`.
    """
    failed = []
    for name in names:
        print(f"== {name}", flush=True)
        start = time.perf_counter()
        if not CHECKS[name]():
            failed.append(name)
        print(f"   {time.perf_counter() - start:.1f} s", flush=True)
    if failed:
        print(f"Failed: {', '.join(failed)}")
        return 1
    print("All checks pass.")
    return 0


def _passes(*command: str) -> bool:
    return subprocess.call(command, cwd=ROOT) == 0


def _python(*arguments: str) -> Callable[[], bool]:
    return lambda: _passes(sys.executable, *arguments)


def _browser() -> bool:
    """ESLint and TypeScript over the modules of the pages; the first call installs their packages."""
    npm = shutil.which("npm")
    if npm is None:
        print("   npm is not installed, so the browser's modules are not checked: install Node.js")
        return not must_be_complete()
    wanted = ROOT / "package-lock.json"
    installed = ROOT / "node_modules" / ".package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < wanted.stat().st_mtime:
        if not _passes(npm, "ci", "--no-audit", "--no-fund"):
            return False
    return _passes(npm, "run", "--silent", "lint")


_LAYERS = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True, no_logo=True))"
_TEXTS = (
    "README.md CONTRIBUTING.md CHANGELOG.md Makefile benchmarks carekit data_scripts docs examples notebooks".split()
)
CHECKS = {
    "style": _python("-m", "ruff", "check", "--quiet"),
    "format": _python("-m", "ruff", "format", "--check", "--quiet"),
    "layers": _python("-c", _LAYERS),
    "types": _python("-m", "mypy"),
    "browser": _browser,
    "spelling": _python("-m", "codespell_lib", *_TEXTS),
}
