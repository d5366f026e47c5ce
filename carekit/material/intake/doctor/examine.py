"""Look a data set over, raw or prepared, and say what is wrong and what to do, one line each."""

from pathlib import Path

from carekit.data.prepared.files import FACTS
from carekit.material.intake.doctor.prepared import examine_prepared
from carekit.material.intake.doctor.raw import examine_raw
from carekit.material.intake.doctor.report import Report


def examine(path: str | Path, workers: int | None = None) -> Report:
    """Look over a prepared data set, or a folder or archive in one of the known layouts.

    Args:
        path: the data set.
        workers: processes that read raw images, by default as many as there are cores.

    Raises:
        FileNotFoundError: where there is nothing.
    """
    path = Path(path).expanduser()
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist: give the folder or archive of a data set")
    report = Report(str(path))
    try:
        if (path / FACTS).exists():
            examine_prepared(report, path)
        else:
            examine_raw(report, path, workers)
    except (ValueError, OSError, ImportError) as error:
        report.add("error", "files", str(error))
    return report
