"""The machines: Debian booted by systemd-nspawn, with systemd, sshd and addresses of their own."""

from __future__ import annotations

import uuid
from functools import partial
from pathlib import Path

from localcluster.program_image import HOST
from localcluster.waiting import wait_for

from rehearsal import cgroups, children, network, rootfs
from rehearsal.machine import MACHINES, Machine
from rehearsal.paths import STATE
from rehearsal.serving import SITE
from rehearsal.sources import AUTHORITY, REGION, bucket_host
from rehearsal.stage import KEY, KNOWN_HOSTS, Stage, told

FOLDER = STATE / "machines"
_BOOT_S = 120.0
# What the kubelet and our settings write to that is the whole machine's, as the kubelet wants to find it.
_SHIELDED = {
    "vm/overcommit_memory": "1",
    "vm/panic_on_oom": "0",
    "vm/max_map_count": "65530",
    "kernel/panic": "10",
    "kernel/panic_on_oops": "1",
    "kernel/keys/root_maxkeys": "1000000",
    "kernel/keys/root_maxbytes": "25000000",
}
# An overlay can't lie on an overlay, and images are large.
_OWN = ("containerd", "kubelet")
_CALLS = "@keyring bpf @mount @privileged @process @resources @setuid"
_SCRIPT = """
for file in $CGROUPS; do echo $$ > "$file"; done
mount -t tmpfs tmpfs /run
mount -t overlay overlay -o "lowerdir=$TREE,upperdir=$1/upper,workdir=$1/work" "$1/root"
shift
exec "$@"
"""


def run(stage: Stage) -> str:
    """Machines run systemd and let the administrator in, by keys that are known beforehand."""
    tree, _ = rootfs.prepare(stage.report)
    _keys()
    for machine in MACHINES:
        _furnish(machine)
        _boot(machine, tree)
    for machine in MACHINES:
        wait_for(f"{machine.name} by ssh", partial(_lets_in, stage, machine), _BOOT_S, every_s=0.5)
        stage.ssh(machine, "systemctl is-active --quiet systemd-networkd dbus")
    return ", ".join(f"{machine.name} at {machine.address}" for machine in MACHINES)


def undo(_: Stage) -> None:
    """End the machines with everything on them, and remove their cgroups."""
    cgroups.kill_left()  # as a plug that is pulled: a machine's orderly end would wait a minute for its pods
    for machine in MACHINES:
        children.stop(machine.name)
    wait_for("the end of the machines' processes", lambda: not cgroups.processes(), 30)
    cgroups.remove()


def network_file(machine: Machine) -> str:
    """What systemd-networkd gives the machine's end of the wire."""
    return (
        "[Match]\nName=host0\n[Network]\nLinkLocalAddressing=no\nIPv6AcceptRA=no\n"
        f"Address={machine.address}/24\nGateway={network.GATEWAY}\n"
    )


def mirror(registry: str) -> str:
    """What tells containerd to fetch a registry's images here."""
    return f'server = "https://{registry}"\n[host."http://{network.GATEWAY}"]\n  capabilities = ["pull", "resolve"]\n'


def command(machine: Machine, place: Path) -> list[str]:
    """systemd-nspawn as it starts a machine whose root is `place`/root."""
    binds = [f"--bind={place / name}:/var/lib/{name}" for name in _OWN]
    return [
        *(
            "systemd-nspawn",
            "--quiet",
            "--boot",
            f"--directory={place / 'root'}",
            f"--machine={machine.name}",
        ),
        *(f"--hostname={machine.given_name}", "--register=no", "--keep-unit", "--console=pipe"),
        *("--private-network", f"--network-bridge={network.BRIDGE}", "--capability=all", "--bind=/dev/kmsg"),
        *("--resolv-conf=off", "--timezone=off", "--link-journal=no", f"--system-call-filter={_CALLS}"),
        *binds,
    ]


def _keys() -> None:
    KEY.parent.mkdir(mode=0o700)
    _new_key(KEY)


def _new_key(path: Path) -> None:
    told(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "rehearsal", "-f", str(path)])


def _furnish(machine: Machine) -> None:
    """What differs from machine to machine, and what a cloud gives at the first start."""
    place = FOLDER / machine.name
    for name in ("upper", "work", "root", *_OWN):
        (place / name).mkdir(parents=True)
    files = {
        "etc/machine-id": f"{uuid.uuid4().hex}\n",
        "etc/hostname": f"{machine.given_name}\n",
        "etc/hosts": f"127.0.0.1 localhost\n{machine.address} {machine.given_name}\n"
        f"{network.GATEWAY} {bucket_host()}\n",
        "etc/resolv.conf": f"nameserver {network.GATEWAY}\n",
        "etc/systemd/network/10-host0.network": network_file(machine),
        "etc/ssh/authorized_keys": KEY.with_suffix(".pub").read_text(),
        "etc/apt/keyrings/debian.asc": (SITE / "debian/Release.key").read_text(),
        "etc/apt/sources.list": f"deb [signed-by=/etc/apt/keyrings/debian.asc] http://{network.GATEWAY}/debian/ ./\n",
        **{f"etc/containerd/certs.d/{host}/hosts.toml": mirror(host) for host in ("registry.k8s.io", HOST)},
        "etc/ssl/rehearsal.crt": AUTHORITY.read_text(),
        "root/.aws/config": f"[default]\nregion = {REGION}\nca_bundle = /etc/ssl/rehearsal.crt\n",
        "root/.aws/credentials": "[default]\naws_access_key_id = rehearsal\naws_secret_access_key = rehearsal\n",
        **{f"etc/rehearsal/sys/{name}": f"{value}\n" for name, value in _SHIELDED.items()},
    }
    for path, content in files.items():
        file = place / "upper" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    host_key = place / "upper/etc/ssh/ssh_host_ed25519_key"
    _new_key(host_key)
    with KNOWN_HOSTS.open("a") as known:
        known.write(f"{machine.address} {host_key.with_suffix('.pub').read_text()}")


def _boot(machine: Machine, tree: Path) -> None:
    place = FOLDER / machine.name
    inner = ["sh", "-ec", _SCRIPT, "sh", str(place), *command(machine, place)]
    environment = {
        "CGROUPS": " ".join(map(str, cgroups.make(machine.name))),
        "TREE": str(tree),
        "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "0",
        "SYSTEMD_NSPAWN_API_VFS_WRITABLE": "network",
    }
    # Its root and what nspawn notes in /run are mounted in a namespace of its own, and so end with it.
    children.start(machine.name, network.inside("unshare", "--mount", *inner), environment)


def _lets_in(stage: Stage, machine: Machine) -> bool:
    children.must_run(machine.name)
    try:
        stage.ssh(machine, "true", timeout_s=10)
    except RuntimeError:
        return False
    return True
