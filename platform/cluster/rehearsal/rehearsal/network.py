"""The wire between the machines: a bridge in a network namespace of its own, from which nothing leads out."""

from __future__ import annotations

from localcluster import namespaces

NAME = "eco2-rehearsal"
NAMESPACE = namespaces.path_of(NAME)
BRIDGE = "wire0"
GATEWAY = "10.98.0.254"
"""Where the machines find packages, images and the bucket; as their default route it leads nowhere else."""
_SETUP = f"""
ip link set lo up
ip link add {BRIDGE} type bridge
ip addr add {GATEWAY}/24 dev {BRIDGE}
ip link set {BRIDGE} up
"""


def inside(*command: str) -> list[str]:
    """`command` as one that runs in the namespace."""
    return namespaces.entered(NAME, *command)


def up() -> None:
    """Make the namespace."""
    namespaces.make(NAME, _SETUP)


def processes() -> list[int]:
    """Pids of what runs in the namespace itself; machines have namespaces of their own."""
    return namespaces.processes([NAMESPACE])


def kill_left() -> None:
    """End what still runs in the namespace: connections that ssh keeps, a server whose starter died."""
    namespaces.kill([NAMESPACE])


def down() -> None:
    """Remove the namespace; with the last process in it the bridge goes too."""
    namespaces.remove(NAME)
