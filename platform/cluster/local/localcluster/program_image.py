"""Images of single programs: one binary at /ko-app, as ko lays them out, with authorities and a user, and no more."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

from embedded.servers.envoy import EnvoyMissing
from embedded.servers.envoy import program as program_of_envoy
from localcluster import debian
from localcluster.archive import Config, Image, write_image
from localcluster.errors import ClusterError
from localcluster.layers import Member, cached_layer
from localcluster.paths import cache
from localcluster.programs import program

HOST = "eco2.local"
ENVOY = "usr/local/bin/envoy"
"""Where Envoy's own image has it, which Kourier's manifests rely on."""

_ENVOY_LIBRARIES = ("libc", "libdl", "libm", "libpthread", "librt", "libnss_dns", "libnss_files", "libresolv")


def build(name: str, binary: Path, report: Callable[[str], None], folder: Path | None = None) -> Image:
    """`eco2.local/<name>` of a static program; quick when the binary is the same. Raises ClusterError.

    folder: of layers and archives, by default in the cache.
    """
    return _image(name, f"ko-app/{name}", binary, (), report, folder)


def pause(report: Callable[[str], None], folder: Path | None = None) -> Image:
    """The image of every pod's first container. Raises ClusterError."""
    return build("pause", program("pause"), report, folder)


def envoy(report: Callable[[str], None], folder: Path | None = None) -> Image:
    """Envoy from its Python package, with Debian's C library. Raises ClusterError."""
    try:
        return _image("envoy", ENVOY, program_of_envoy(), _ENVOY_LIBRARIES, report, folder)
    except EnvoyMissing as error:
        raise ClusterError(str(error)) from None


def _image(
    name: str,
    at: str,
    binary: Path,
    libraries: tuple[str, ...],
    report: Callable[[str], None],
    folder: Path | None,
) -> Image:
    if not binary.exists():
        raise ClusterError(f"{binary} is not built yet: python -m localcluster up builds it")
    folder = folder or cache() / "images"
    layers = folder / "layers"
    base = debian.unpacked(layers, report)

    def members(_: Path) -> Iterator[Member]:
        report(f"packing {name}")
        yield from debian.plain_system()
        yield Member(debian.CERTIFICATES, base / debian.CERTIFICATES)
        if libraries:
            yield from debian.libraries(base, *libraries)
        yield Member(at, binary, mode=0o755)

    config = Config(
        entrypoint=(f"/{at}",),
        environment={"PATH": f"/{at.rpartition('/')[0]}", "SSL_CERT_FILE": f"/{debian.CERTIFICATES}"},
        labels={"org.opencontainers.image.title": name},
    )
    # These stay on the machine: packing and unpacking them would cost a start more than the disk is worth.
    layer = cached_layer(layers, name, _key(at, binary), members, compress=False)
    return write_image(folder, f"{HOST}/{name}", (layer,), config)


def _key(at: str, binary: Path) -> str:
    # A binary of 100 MB is known by its place, size and time: reading all of them takes seconds at every start.
    about = binary.stat()
    facts = f"{at} {binary} {about.st_size} {about.st_mtime_ns} {debian.key()}"
    return hashlib.sha256(facts.encode() + Path(__file__).read_bytes()).hexdigest()
