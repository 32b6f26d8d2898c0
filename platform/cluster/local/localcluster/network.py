"""The cluster's own network namespace: nothing of the machine's network is touched.

The node's address is one end of a pair of virtual interfaces whose both ends lie inside. A pod gets an address
behind the CNI plugin `ptp`, which routes instead of bridging.
"""

from __future__ import annotations

from pathlib import Path

from localcluster import namespaces
from localcluster.paths import NAME, STATE

NAMESPACE = namespaces.path_of(NAME)
POD_NAMESPACES = STATE / "containerd" / "io.containerd.grpc.v1.cri" / "netns"
NODE = "10.99.0.1"
GATEWAY = "10.99.0.254"
PODS = "10.244.0.0/16"
NODE_PODS = "10.244.0.0/24"
SERVICES = "10.96.0.0/16"
API_SERVICE = "10.96.0.1"
EDGE = "10.96.0.80"
"""The public door's cluster address (overlay `local`)."""
HOST = "eco2.localhost"
"""The platform's name. Names below localhost are this machine (RFC 6761); pods are told `EDGE` by cluster DNS."""
PORT = 8088
URL = f"http://{HOST}:{PORT}"
"""Of the platform: the same for clients, which upload pictures, and for pods, which look at them."""

_SETUP = f"""
ip link set lo up
ip link add node0 type veth peer name node0p
ip addr add {NODE}/24 dev node0
ip link set node0 up
ip link set node0p up
ip route add default via {GATEWAY} dev node0
sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0
sysctl -qw net.ipv4.ip_local_port_range='32768 60999' net.core.somaxconn=4096
"""


def inside(*command: str) -> list[str]:
    """`command` as one that runs in the namespace."""
    return namespaces.entered(NAME, *command)


def up() -> None:
    """Make the namespace unless it is there."""
    if not NAMESPACE.exists():
        namespaces.make(NAME, _SETUP)


def processes() -> list[int]:
    """Pids of all processes in the cluster's namespaces, the pods' included."""
    return namespaces.processes(_all())


def kill_left() -> None:
    """End what still runs in the namespaces: pods whose container runtime died before them."""
    namespaces.kill(_all())


def down() -> None:
    """Remove the namespace; with the last process in it the interfaces go too."""
    namespaces.remove(NAME)


def _all() -> list[Path]:
    return [NAMESPACE, *POD_NAMESPACES.glob("*")]
