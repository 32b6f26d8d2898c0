"""`python -m localcluster up | down | status | check | image | exec COMMAND… | kubectl …`."""

from __future__ import annotations

import argparse
import os
import sys

from localcluster import function_image, kubectl, lifecycle, memory, network, preflight, processes
from localcluster.errors import ClusterError
from localcluster.paths import KUBECONFIG, STATE
from localcluster.programs import program
from localcluster.progress import Progress

CAN_NOT = 3
"""Exit status of `check` where the machine can't run a cluster, packages or not."""


def main() -> int:
    """Run one command; the exit status."""
    parser = argparse.ArgumentParser(prog="localcluster", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("up", help="build what is missing, start the cluster, deploy all functions")
    commands.add_parser("down", help="end it and remove all but the cache of binaries and images")
    commands.add_parser("status", help="what runs")
    commands.add_parser("check", help="can this machine run a cluster, once packages are installed?")
    commands.add_parser("image", help="build the functions' image; prints its archive and its digest")
    for name, about in (("exec", "run a command inside the cluster's network"), ("kubectl", "kubectl there")):
        commands.add_parser(name, help=about).add_argument("arguments", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    try:
        return _run(options)
    except ClusterError as error:
        print(f"cluster: {error}", file=sys.stderr)
        return 1


def _run(options: argparse.Namespace) -> int:
    match options.command:
        case "up":
            lifecycle.up(Progress())
        case "down":
            lifecycle.down(Progress())
        case "check":
            return _check()
        case "image":
            image = function_image.build(lambda line: print(line, file=sys.stderr))
            print(image.archive, image.digest)
        case "status":
            return _status()
        case "kubectl":
            command = kubectl.command(*options.arguments)
            os.execvp(command[0], command)
        case "exec":
            _exec(options.arguments)
    return 0


def _check() -> int:
    if reasons := preflight.incapable():
        print("This machine can't run a cluster:\n" + "\n".join(f"- {each}" for each in reasons))
        return CAN_NOT
    print("This machine can run a cluster.")
    return 0


def _exec(arguments: list[str]) -> None:
    """In place of this process: in the cluster's network, or as it is for another cluster."""
    environment = {**os.environ, "ECO2_CLUSTER_TESTS": "1"}
    if kubectl.foreign():
        os.execvpe(arguments[0], arguments, environment)
    if not network.NAMESPACE.exists():
        raise ClusterError("no cluster runs here: make cluster-up")
    environment |= {
        "KUBECONFIG": str(KUBECONFIG),
        "KUBECACHEDIR": str(STATE / "kubectl"),
        "PATH": f"{program('kubectl').parent}:{os.environ['PATH']}",
    }
    command = network.inside(*arguments)
    os.execvpe(command[0], command, environment)


def _status() -> int:
    names = processes.names()
    for name in names:
        pid = processes.running(name)
        print(f"{name:24} {f'pid {pid}' if pid else 'ended'}")
    if not names:
        print("no cluster runs here: make cluster-up")
        return 0
    used = memory.by_program()
    most = ", ".join(f"{name} {size / 1e6:.0f}" for name, size in used.most_common(6))
    print(f"{'memory':24} {used.total() / 1e6:.0f} MB, shared pages once ({most}, …)")
    print(f"{'address':24} {network.URL}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
