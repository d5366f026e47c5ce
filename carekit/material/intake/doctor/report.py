"""What the doctor finds, one line each."""

from dataclasses import asdict, dataclass, field
from typing import NamedTuple

LEVELS = ("error", "warning", "note")


class Finding(NamedTuple):
    """level: "error", "warning" or "note"; about: what kind of finding; text: what it is and what to do, one line."""

    level: str
    about: str
    text: str


@dataclass
class Report:
    """What was found. kind: "prepared", the name of a layout, or "unknown". account: what was read from where."""

    path: str
    kind: str = "unknown"
    counts: dict[str, int] = field(default_factory=dict)
    account: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def add(self, level: str, about: str, text: str) -> None:
        """One more finding, the worst first."""
        self.findings.append(Finding(level, about, " ".join(text.split())))
        self.findings.sort(key=lambda finding: LEVELS.index(finding.level))

    @property
    def healthy(self) -> bool:
        """Whether there is no error; warnings are for people to weigh."""
        return not any(finding.level == "error" for finding in self.findings)

    def as_dict(self) -> dict:
        """For JSON."""
        findings = [finding._asdict() for finding in self.findings]
        return asdict(self) | {"findings": findings, "healthy": self.healthy}
