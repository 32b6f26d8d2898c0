"""Settings of scans."""

from __future__ import annotations

from dataclasses import dataclass

from process.settings import setting


@dataclass(frozen=True, slots=True)
class ScanSettings:
    """Deadlines of jobs, and whether they can win characters."""

    scan_deadline_s: int = setting(180, "a job not done by then fails", least=5)
    scan_overdue_s: float = setting(20, "a job without movement for so long is emitted again", least=0.001)
    rewards: bool = setting(True, "whether scans earn characters")
