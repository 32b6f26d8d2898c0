"""The one image of all functions: Debian's Python, the locked packages, our code; K_SERVICE names the function.

Three layers, so that a change of code makes anew only the last and smallest one. Of some 390 MB (180 compressed),
220 are the Korean language model and the code that reads it, onnxruntime and OpenBLAS.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator
from fnmatch import fnmatch
from pathlib import Path

from localcluster import debian, wheels
from localcluster.archive import Config, Image, write_image
from localcluster.layers import Layer, Member, cached_layer, tree
from localcluster.paths import ROOT, cache

REPOSITORY = "eco2.local/functions"
_APP = "app"
_CODE = (
    *("process/*", "functions/*", "eventing/*", "schemas/*", "LICENSE", "NOTICE"),
    *("embedded/__init__.py", "embedded/objects/*"),
)
_WITHOUT = (
    "*/__pycache__/*",
    # Programs of development, which need packages that the image does not have.
    *(
        "schemas/asyncapi.py",
        "schemas/func_yaml.py",
        "schemas/generate.py",
        "schemas/openapi.py",
        "schemas/pages.py",
        "schemas/problems.py",
        "functions/scan/learn.py",
        "functions/scan/reindex.py",
        "functions/*/evaluate.py",
    ),
)
CONFIG = Config(
    entrypoint=("python3", "-m", "functions.runtime"),
    environment={
        "PATH": "/usr/bin",
        "ORT_DISABLE_TELEMETRY": "1",  # onnxruntime would send some home
        "LANG": "C.UTF-8",
        "HOME": "/tmp",  # noqa: S108 - the one folder that exists and may be written when it is a volume
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
        "SSL_CERT_FILE": f"/{debian.CERTIFICATES}",
    },
    workdir=f"/{_APP}",
    labels={
        "org.opencontainers.image.title": "eco2 functions",
        "org.opencontainers.image.licenses": "Apache-2.0",
    },
)


def build(report: Callable[[str], None], folder: Path | None = None) -> Image:
    """The image of the code as it is now; quick when nothing has changed. Raises ClusterError.

    folder: of layers and archives, by default in the cache.
    """
    folder = folder or cache() / "images"
    layers = folder / "layers"
    base = debian.unpacked(layers, report)
    image = write_image(
        folder,
        REPOSITORY,
        (
            cached_layer(layers, "debian", debian.key(), lambda _: debian.members(base)),
            wheels.layer(layers, base, report),
            code_layer(layers, base, ROOT),
        ),
        CONFIG,
    )
    report(describe(image))
    return image


def describe(image: Image) -> str:
    """Sizes of the image and its layers: of the files, and compressed."""
    sizes = ", ".join(f"{each.name} {_megabytes(each.unpacked)}" for each in image.layers)
    return f"{image.tagged}: {_megabytes(image.unpacked)} ({sizes}), compressed {_megabytes(image.size)}"


def code_layer(folder: Path, base: Path, root: Path) -> Layer:
    """Our packages below /app with their compiled modules."""
    sources = list(code(root))
    digest = hashlib.sha256(Path(__file__).read_bytes() + debian.key().encode())
    for path in sources:
        digest.update(f"{path.relative_to(root)}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())

    def members(top: Path) -> Iterator[Member]:
        for path in sources:
            target = top / _APP / path.relative_to(root)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
        debian.compiled(base, top / _APP, top)
        return tree(top)

    return cached_layer(folder, "code", digest.hexdigest(), members)


def code(root: Path) -> Iterator[Path]:
    """The files of our packages that belong into the image."""
    for top in sorted({pattern.split("/")[0] for pattern in _CODE}):
        found = (root / top).rglob("*") if (root / top).is_dir() else iter([root / top])
        for path in sorted(each for each in found if each.is_file()):
            name = str(path.relative_to(root))
            if _matches(name, _CODE) and not _matches(name, _WITHOUT):
                yield path


def _matches(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch(name, pattern) for pattern in patterns)


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"
