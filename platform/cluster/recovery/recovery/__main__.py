"""`make rehearse-recovery`: lose PostgreSQL in three ways and print what each cost."""

from __future__ import annotations

import argparse

from recovery.rehearsal import lost_disk, lost_primary, wrong_statement


def main() -> None:
    """Run all three."""
    parser = argparse.ArgumentParser(prog="recovery", description=__doc__)
    parser.add_argument("--archive-timeout", type=int, default=5, help="seconds; the cluster's is 60")
    chosen = parser.parse_args()
    print(
        f"archive_timeout {chosen.archive_timeout} s; RPO: acknowledged commits lost; RTO: until writes are taken\n"
    )
    print(f"{'lost':34}{'RPO s':>8}{'jobs lost':>12}{'jobs kept':>12}{'RTO s':>8}")
    for rehearse in (wrong_statement, lost_disk, lost_primary):
        found = rehearse(chosen.archive_timeout)
        print(
            f"{found.loss:34}{found.lost_s:>8.1f}{found.lost_jobs:>12}{found.kept_jobs:>12}{found.back_s:>8.1f}"
        )


if __name__ == "__main__":
    main()
