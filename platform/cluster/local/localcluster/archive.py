"""OCI image archives without a container engine: one tar that containerd, podman and registry tools read.

Source: OCI image format specification 1.1 (image-layout, manifest, config).
"""

from __future__ import annotations

import hashlib
import json
import platform
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from localcluster.layers import Layer, Member, add, replacing

_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_INDEX = "application/vnd.oci.image.index.v1+json"
_CONFIG = "application/vnd.oci.image.config.v1+json"
_LAYER = "application/vnd.oci.image.layer.v1.tar"
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
NOBODY = "65532:65532"
"""Whom containers run as: the number that distroless images use."""


@dataclass(frozen=True, slots=True)
class Config:
    """How the container runs."""

    entrypoint: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    user: str = NOBODY
    workdir: str = "/"
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Image:
    """An archive with one image under two names, by tag and by digest; the tag is made from the digest."""

    repository: str
    digest: str
    archive: Path
    layers: tuple[Layer, ...]

    @property
    def tag(self) -> str:
        return self.digest.removeprefix("sha256:")[:12]

    @property
    def tagged(self) -> str:
        """`eco2.local/functions:3f0c…`"""
        return f"{self.repository}:{self.tag}"

    @property
    def pinned(self) -> str:
        """`eco2.local/functions@sha256:3f0c…`"""
        return f"{self.repository}@{self.digest}"

    @property
    def size(self) -> int:
        """Bytes as a registry stores it."""
        return sum(layer.size for layer in self.layers)

    @property
    def unpacked(self) -> int:
        """Bytes of its files."""
        return sum(layer.unpacked for layer in self.layers)


def write_image(folder: Path, repository: str, layers: tuple[Layer, ...], config: Config) -> Image:
    """Write `<name>-<tag>.tar` into `folder` unless it is there; older archives of the name are removed.

    repository: with a registry's host, `eco2.local/functions`; its last part is the name. Raises OSError.
    """
    settings = _json(_settings(layers, config))
    manifest = _json(
        {
            "schemaVersion": 2,
            "mediaType": _MANIFEST,
            "config": _descriptor(_CONFIG, settings),
            "layers": [
                {"mediaType": _kind(each), "digest": each.digest, "size": each.size} for each in layers
            ],
        }
    )
    image = Image(repository, _digest(manifest), folder, layers)
    name = repository.rpartition("/")[2]
    path = folder / f"{name}-{image.tag}.tar"
    image = Image(repository, image.digest, path, layers)
    if path.exists():
        return image
    blobs: dict[str, Path | bytes] = {image.digest: manifest, _digest(settings): settings}
    blobs |= {layer.digest: layer.path for layer in layers}
    folder.mkdir(parents=True, exist_ok=True)
    with replacing(path) as file, tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as archive:
        add(archive, Member("oci-layout", b'{"imageLayoutVersion":"1.0.0"}'))
        add(archive, Member("index.json", _json(_index(manifest, image))))
        for directory in ("blobs", "blobs/sha256"):
            add(archive, Member(directory))
        for digest, content in blobs.items():
            add(archive, Member(f"blobs/{digest.replace(':', '/')}", content))
    for old in folder.glob(f"{name}-{'[0-9a-f]' * len(image.tag)}.tar"):
        if old != path:
            old.unlink()
    return image


def _settings(layers: tuple[Layer, ...], config: Config) -> dict[str, Any]:
    return {
        "created": "1970-01-01T00:00:00Z",
        "architecture": _ARCHITECTURES.get(platform.machine(), platform.machine()),
        "os": "linux",
        "config": {
            "User": config.user,
            "WorkingDir": config.workdir,
            "Entrypoint": list(config.entrypoint),
            "Env": [f"{name}={value}" for name, value in config.environment.items()],
            "Labels": dict(config.labels),
        },
        "rootfs": {"type": "layers", "diff_ids": [each.diff_id for each in layers]},
        "history": [{"created_by": each.name} for each in layers],
    }


def _index(manifest: bytes, image: Image) -> dict[str, Any]:
    # containerd takes whole names from its own annotation; other tools look for one image with the tag.
    by_tag = {"io.containerd.image.name": image.tagged, "org.opencontainers.image.ref.name": image.tag}
    by_digest = {"io.containerd.image.name": image.pinned}
    described = _descriptor(_MANIFEST, manifest)
    named = [described | {"annotations": annotations} for annotations in (by_tag, by_digest)]
    return {"schemaVersion": 2, "mediaType": _INDEX, "manifests": named}


def _kind(layer: Layer) -> str:
    return _LAYER if layer.digest == layer.diff_id else f"{_LAYER}+gzip"


def _descriptor(media_type: str, content: bytes) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": _digest(content), "size": len(content)}


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":"), sort_keys=True).encode()
