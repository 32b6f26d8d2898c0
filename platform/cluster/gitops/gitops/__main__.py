"""`make rehearse-gitops`: ArgoCD brings the platform from a repository onto a cluster; then everything is removed.

`python -m gitops up` leaves it running, `down` removes it.
"""

from __future__ import annotations

import argparse
import subprocess
import sys

from localcluster import memory
from localcluster.errors import ClusterError

from gitops import rehearsal


def main() -> int:
    """Run it; the exit status."""
    parser = argparse.ArgumentParser(prog="gitops", description=__doc__)
    parser.add_argument("command", nargs="?", choices=("rehearse", "up", "down"), default="rehearse")
    command = parser.parse_args().command
    try:
        if command == "down":
            rehearsal.undo()
        else:
            _rehearse(keep=command == "up")
    except (ClusterError, AssertionError, LookupError) as error:
        print(f"gitops: {error}", file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        print(f"gitops: {error}\n{error.stderr}", file=sys.stderr)
        return 1
    return 0


def _rehearse(*, keep: bool) -> None:
    try:
        rehearsal.run(lambda line: print(line, flush=True))
        print(f"{memory.by_program().total() / 1e6:8.0f} MB  of memory, shared pages once", flush=True)
    finally:
        if not keep:
            rehearsal.undo()
            print("everything is removed", flush=True)


if __name__ == "__main__":
    sys.exit(main())
