"""`make production-test`: the chain that production is made by, on one machine, and everything removed.

Status 1 when a link fails or something is left, 3 when this machine can't run it.
"""

from __future__ import annotations

import signal
import subprocess
import sys

from checks import tools
from localcluster.errors import ClusterError
from localcluster.progress import Progress

from rehearsal import beside, chain, preflight, sources
from rehearsal.stage import Stage

CAN_NOT = 3


def main() -> int:
    """Run the chain; the exit status."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that everything is removed
    if lacks := preflight.lacking():
        print(lacks)
        return CAN_NOT
    progress = Progress()
    try:
        beside.must_be_ours()
        tools.prepare(progress.detail)
        sources.build(Stage(progress.detail))
    except (ClusterError, subprocess.TimeoutExpired) as error:
        print(f"production-test: {error}", file=sys.stderr)
        return CAN_NOT
    progress.step("programs are built")
    wrong = chain.rehearse(progress)
    for each in wrong:
        print(f"production-test: {each}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
