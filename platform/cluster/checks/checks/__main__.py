"""`make infrastructure`: every check of what is no Python, one line each.

Status 1 when one fails, 3 when the tools can't be built or installed here.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from localcluster.errors import ClusterError

from checks import collectors, gateway, mesh, objects, terraform, tools, waves

ROOT = Path(__file__).resolve().parents[4]
ANSIBLE = ROOT / "platform/cluster/ansible"
_TIMEOUT_S = 300
_AT_ONCE = 2
UNPREPARED = 3
"""The exit status where the checks were not run."""


def workflows() -> None:
    """Workflows are what GitHub takes (actionlint) and give nothing away (zizmor)."""
    _run(tools.built("actionlint"), *map(str, sorted((ROOT / ".github/workflows").glob("*.yaml"))))
    _run(tools.installed("zizmor"), "--offline", "--no-progress", str(ROOT / ".github"))


def playbooks() -> None:
    """Playbooks are well formed and hold ansible-lint's production profile."""
    _run(
        tools.installed("ansible-playbook"),
        "-i",
        "inventory/example.yaml",
        "--syntax-check",
        *terraform.PLAYBOOKS,
        cwd=ANSIBLE,
    )
    _run(tools.installed("ansible-lint"), "--offline", "--strict", "--profile", "production", cwd=ANSIBLE)


CHECKS: tuple[Callable[[], None], ...] = (
    workflows,
    terraform.formatted,
    terraform.valid_and_tested,
    terraform.refuses_what_the_schema_does_not_have,
    terraform.hosts_are_the_inventorys,
    terraform.keeps_to_policies,
    objects.conform,
    objects.refuses_an_unknown_field,
    waves.health_is_what_waves_wait_for,
    mesh.nothing_to_find,
    mesh.strangers_are_refused,
    mesh.speak_as_meant,
    mesh.services_lead_to_their_pods,
    mesh.the_gateway_reaches_the_edge,
    gateway.requests_go_through_the_tunnel,
    mesh.mistakes_are_noticed,
    collectors.spans_arrive,
    collectors.lines_arrive,
    playbooks,
)


def main() -> int:
    """Run all; the exit status."""
    try:
        tools.prepare(lambda line: print(line, flush=True))
    except (ClusterError, subprocess.TimeoutExpired) as error:
        print(f"infrastructure: {error}", file=sys.stderr)
        return UNPREPARED
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        failures = 0
        for held, told in pool.map(_outcome, CHECKS):
            failures += not held
            print(told, flush=True)
    return 1 if failures else 0


def _outcome(check: Callable[[], None]) -> tuple[bool, str]:
    """Whether a check holds, and the line that says so."""
    began, failed = time.monotonic(), ""
    try:
        check()
    except subprocess.CalledProcessError as failure:
        failed = f"{failure.stdout}{failure.stderr}"
    except (AssertionError, ClusterError, LookupError, OSError, subprocess.TimeoutExpired) as failure:
        failed = f"{type(failure).__name__}: {failure}"
    said = f"FAILS\n{failed}" if failed else "holds"
    return not failed, f"{time.monotonic() - began:6.1f} s  {(check.__doc__ or '').splitlines()[0]} {said}"


def _run(*command: str, cwd: Path = ROOT) -> None:
    environment = {**os.environ, "PATH": f"{Path(command[0]).parent}:{os.environ['PATH']}"}
    subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=_TIMEOUT_S, check=True
    )


if __name__ == "__main__":
    sys.exit(main())
