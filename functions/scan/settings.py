"""Settings of scans."""

from __future__ import annotations

from dataclasses import dataclass

from process.settings import setting


@dataclass(frozen=True, slots=True)
class ScanSettings:
    """Deadlines of jobs, one user's share, and whether scans can win characters."""

    scan_deadline_s: int = setting(180, "a job not done by then fails", least=5)
    scan_overdue_s: float = setting(20, "a job without movement for so long is emitted again", least=0.001)
    scan_user_jobs: int = setting(20, "scans of one user that may be under way at once", least=1)
    scan_user_streams: int = setting(20, "event streams that one user may have open at once", least=1)
    scan_days: int = setting(365, "days that scans and their results are kept after their end", least=1)
    rewards: bool = setting(True, "whether scans earn characters")
