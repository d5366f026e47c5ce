"""What a process's exit status says in words."""

import signal


def cause(status: int | None) -> str:
    """Why a process is gone, from its exit status: negative for a signal, None for one that is still there."""
    if status is None:
        return "it answers no more"
    if status >= 0:
        return f"it ended by itself with status {status}"
    name = signal.Signals(-status).name
    if name == "SIGKILL":
        return "it was killed (SIGKILL), as the system does for want of memory"
    return f"it crashed ({name})"
