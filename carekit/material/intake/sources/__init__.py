"""Where images come from: a folder, a zip archive, an archive of arrays, all with one face."""

from carekit.material.intake.sources.opening import open_source
from carekit.material.intake.sources.source import Source

__all__ = ["Source", "open_source"]
