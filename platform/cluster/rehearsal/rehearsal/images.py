"""The images that kubeadm asks for, made of the programs built here, under the names and tags of the real ones."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from localcluster import debian
from localcluster.archive import Config, Image, write_image
from localcluster.layers import Member, cached_layer

from rehearsal.paths import kept
from rehearsal.versions import numbered

PROXY = "kube-proxy"
_BIN = "usr/local/bin"
_IPTABLES = "usr/sbin/xtables-nft-multi"
_NAMES = tuple(
    f"{family}{rest}" for family in ("iptables", "ip6tables") for rest in ("", "-save", "-restore")
)
_LIBRARIES = ("libc", "libm", "libmnl", "libnftnl", "libxtables", "libip4tc", "libip6tc", "libpthread")


@dataclass(frozen=True, slots=True)
class Wanted:
    """An image: its name below registry.k8s.io, its tag, and the programs in it, the first of which it runs."""

    name: str
    tag: str
    programs: Mapping[str, str]
    """Name in the image → name in `localcluster.programs`."""


def wanted(listed: str) -> list[Wanted]:
    """What `kubeadm config images list` names. An image that nothing here can make is a KeyError."""
    return [
        Wanted(name, tag, _PROGRAMS[name.rpartition("/")[2]])
        for line in listed.split()
        for name, _, tag in [line.removeprefix("registry.k8s.io/").partition(":")]
    ]


_PROGRAMS: Mapping[str, Mapping[str, str]] = {
    **{name: {name: name} for name in ("kube-apiserver", "kube-controller-manager", "kube-scheduler", PROXY)},
    "coredns": {"coredns": "coredns"},
    "pause": {"pause": "pause"},
    "etcd": {"etcd": "etcd-server", "etcdctl": "etcdctl", "etcdutl": "etcdutl"},
}


def build(each: Wanted, iptables: Path, report: Callable[[str], None]) -> Image:
    """The image's archive; quick when nothing changed. `iptables`: Debian's, unpacked. Raises OSError."""
    name = each.name.rpartition("/")[2]
    binaries = {at: numbered(of, each.tag.removeprefix("v")) for at, of in each.programs.items()}
    facts = " ".join(f"{at} {path} {path.stat().st_mtime_ns}" for at, path in binaries.items())

    def members(_: Path) -> Iterator[Member]:
        report(f"packing {name}")
        yield from debian.plain_system()
        for at, path in binaries.items():
            yield Member(f"{_BIN}/{at}", path, mode=0o755)
        if name == PROXY:
            yield from _tables(iptables)

    key = hashlib.sha256(f"{facts} {iptables}".encode() + Path(__file__).read_bytes()).hexdigest()
    folder = kept() / "images" / each.tag
    layer = cached_layer(folder / "layers", name, key, members, compress=False)
    first = next(iter(binaries))
    config = Config(
        entrypoint=(f"/{_BIN}/{first}",),
        environment={"PATH": f"/{_BIN}:/usr/sbin:/usr/bin:/sbin:/bin"},
        user="0:0",  # etcd and the API server read what kubeadm wrote for root
    )
    return write_image(folder, f"registry.k8s.io/{each.name}", (layer,), config)


def _tables(root: Path) -> Iterator[Member]:
    """iptables with the kernel's tables of today, and the libraries that it opens."""
    yield Member(_IPTABLES, root / _IPTABLES, mode=0o755)
    for name in _NAMES:
        yield Member(f"usr/sbin/{name}", link=_IPTABLES.rpartition("/")[2])
    yield Member("sbin", link="usr/sbin")
    yield from debian.libraries(root, *_LIBRARIES)
    for module in sorted((root / "usr/lib").glob("*/xtables/*.so")):
        yield Member(str(module.relative_to(root)), module, mode=0o755)
