"""Sources of Debian packages: Kubernetes' programs, packed as pkgs.k8s.io packs them, and signed lists."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from localcluster import programs

from rehearsal.paths import kept
from rehearsal.stage import told
from rehearsal.versions import numbered

_KUBELET = """\
[Unit]
Description=The node's agent of Kubernetes
Wants=network-online.target
After=network-online.target

[Service]
ExecStart=/usr/bin/kubelet
Restart=always
StartLimitInterval=0
RestartSec=10

[Install]
WantedBy=multi-user.target
"""
# Source: Kubernetes documentation, "Configuring each kubelet in your cluster using kubeadm".
_BY_KUBEADM = """\
[Service]
Environment="KUBELET_FIRST_ARGS=--bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf"
Environment="KUBELET_KUBECONFIG_ARGS=--kubeconfig=/etc/kubernetes/kubelet.conf"
Environment="KUBELET_CONFIG_ARGS=--config=/var/lib/kubelet/config.yaml"
EnvironmentFile=-/var/lib/kubelet/kubeadm-flags.env
EnvironmentFile=-/etc/default/kubelet
ExecStart=
ExecStart=/usr/bin/kubelet $KUBELET_FIRST_ARGS $KUBELET_KUBECONFIG_ARGS $KUBELET_CONFIG_ARGS $KUBELET_KUBEADM_ARGS \\
  $KUBELET_EXTRA_ARGS
"""
_ENABLE = "#!/bin/sh -e\nsystemctl daemon-reload\nsystemctl enable --quiet kubelet\n"
REVISION = "1.1"
"""Of packages, as pkgs.k8s.io counts it."""
_TIMEOUT_S = 300


@dataclass(frozen=True, slots=True)
class Package:
    """A Debian package: files by their path, a program by where it is and text by itself."""

    name: str
    depends: str
    files: Mapping[str, Path | str] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)
    after: str = ""
    """A script that runs once it is installed."""

    def control(self, version: str) -> str:
        """What dpkg is told of it."""
        return (
            f"Package: {self.name}\nVersion: {version}\nArchitecture: amd64\nMaintainer: Eco2\n"
            f"Depends: {self.depends}\nDescription: Kubernetes, {self.name}\n"
        )


def kubernetes(version: str) -> tuple[Package, ...]:
    """The packages that the playbooks name, and the plugins that the kubelet's depends on."""
    unit = "usr/lib/systemd/system/kubelet.service"
    plugins = ("bridge", "host-local", "loopback", "portmap", "ptp")
    return (
        Package("kubectl", "libc6", {"usr/bin/kubectl": numbered("kubectl", version)}),
        Package(
            "kubelet",
            "iptables, iproute2, mount, util-linux, kubernetes-cni",
            {"usr/bin/kubelet": numbered("kubelet", version), unit: _KUBELET},
            after=_ENABLE,
        ),
        Package(
            "kubeadm",
            "kubelet, kubectl",
            {"usr/bin/kubeadm": numbered("kubeadm", version), f"{unit}.d/10-kubeadm.conf": _BY_KUBEADM},
            after="#!/bin/sh -e\nsystemctl daemon-reload\n",
        ),
        Package(
            "kubernetes-cni",
            "containernetworking-plugins",
            links={f"opt/cni/bin/{name}": f"/usr/lib/cni/{name}" for name in plugins},
        ),
    )


def build(versions: Sequence[str], report: Callable[[str], None]) -> Path:
    """The folder of Kubernetes' packages in all versions, packed anew when what they are made of changed.

    Raises ClusterError.
    """
    facts = f"{versions} {programs.folder('kubernetes')} {programs.folder('kubeadm')}"
    key = hashlib.sha256(facts.encode() + Path(__file__).read_bytes())
    folder = kept() / f"kubernetes-{key.hexdigest()[:12]}"
    if folder.exists():
        return folder
    report("packing Kubernetes' packages")
    kept().mkdir(parents=True, exist_ok=True)
    for old in kept().glob("kubernetes-*"):
        shutil.rmtree(old)
    with tempfile.TemporaryDirectory(dir=kept(), prefix=".packing-") as work:
        unfinished = Path(work, "all")
        unfinished.mkdir()
        for version in versions:
            for package in kubernetes(version):
                pack(package, f"{version}-{REVISION}", Path(work, package.name), unfinished)
        unfinished.rename(folder)
    return folder


def pack(package: Package, version: str, work: Path, target: Path) -> Path:
    """Write `target`/NAME_VERSION_amd64.deb; `work` is a folder that is not there yet. Raises ClusterError."""
    for path, content in package.files.items():
        place = work / path
        place.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, Path):
            shutil.copyfile(content, place)
            place.chmod(0o755)
        else:
            place.write_text(content)
            place.chmod(0o644)
    for path, at in package.links.items():
        (work / path).parent.mkdir(parents=True, exist_ok=True)
        (work / path).symlink_to(at)
    (work / "DEBIAN").mkdir(parents=True)
    (work / "DEBIAN/control").write_text(package.control(version))
    if package.after:
        (work / "DEBIAN/postinst").write_text(package.after)
        (work / "DEBIAN/postinst").chmod(0o755)
    file = target / f"{package.name}_{version}_amd64.deb"
    told(["dpkg-deb", "--root-owner-group", "-Znone", "--build", str(work), str(file)], timeout_s=_TIMEOUT_S)
    shutil.rmtree(work)
    return file


def publish(packages: Path, site: Path, keys: Path) -> None:
    """Make `site` a signed source of the packages (`deb URL ./`), with the key beside it. Raises ClusterError."""
    site.mkdir(parents=True)
    entries = []
    for file in sorted(packages.glob("*.deb")):
        (site / file.name).symlink_to(file)
        digest = hashlib.sha256()
        with file.open("rb") as content:
            while chunk := content.read(1 << 20):
                digest.update(chunk)
        control = told(["dpkg-deb", "--field", str(file)]).strip()
        entries.append(
            f"{control}\nFilename: ./{file.name}\nSize: {file.stat().st_size}\nSHA256: {digest.hexdigest()}\n"
        )
    (site / "Packages").write_text("\n".join(entries))
    (site / "Release").write_text(release((site / "Packages").read_bytes(), datetime.now(UTC)))
    told(_gpg(keys, "--clearsign", "--output", str(site / "InRelease"), str(site / "Release")))
    (site / "Release.key").write_text(told(_gpg(keys, "--armor", "--export")))


def release(packages: bytes, now: datetime) -> str:
    """The list of lists, by which apt knows that the list of packages is the signer's."""
    digest = hashlib.sha256(packages).hexdigest()
    date = now.strftime("%a, %d %b %Y %H:%M:%S UTC")
    return f"Origin: eco2\nArchitectures: amd64\nDate: {date}\nSHA256:\n {digest} {len(packages)} Packages\n"


def make_key(keys: Path) -> None:
    """A key that signs sources, of this rehearsal alone. Raises ClusterError."""
    keys.mkdir(mode=0o700)
    told(_gpg(keys, "--passphrase", "", "--quick-generate-key", "eco2 rehearsal", "ed25519", "sign", "never"))


def end_agent(keys: Path) -> None:
    """End the process in which gpg keeps keys open."""
    if keys.exists():
        subprocess.run(
            ["gpgconf", "--homedir", str(keys), "--kill", "all"], check=False, capture_output=True, timeout=20
        )


def _gpg(keys: Path, *arguments: str) -> list[str]:
    return ["gpg", "--homedir", str(keys), "--batch", "--yes", "--quiet", *arguments]
