"""The locked packages as a layer: what functions import, without tests, headers, unused data and debug symbols."""

from __future__ import annotations

import hashlib
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from fnmatch import fnmatch
from pathlib import Path

from localcluster import debian
from localcluster.errors import ClusterError
from localcluster.layers import Layer, Member, cached_layer, tree
from localcluster.paths import ROOT

AT = f"usr/local/lib/{debian.PYTHON}/dist-packages"
"""On Debian's sys.path without any setting."""

LOCK = ROOT / "image.lock"
_TIMEOUT_S = 1800
_WITHOUT = (
    *("bin/*", "*/tests/*", "*/test/*", "*/__pycache__/*", "*.dist-info/RECORD", "*.dist-info/REQUESTED"),
    *(
        "*.pyi",
        "*.pyx",
        "*.pxd",
        "*.c",
        "*.h",
        "*.a",
        "*.cpp",
        "*.hpp",
        "*/py.typed",
        "*.cmake",
        "*.pc",
        "*/LICENSE.old",
    ),
    # Only signatures are made with botocore, whose data describes the other services.
    *("botocore/data/*", "botocore/docs/*", "botocore/cacert.pem"),
    # The extension module has the runtime inside; the library beside it is for programs that link it.
    "onnxruntime/capi/libonnxruntime.so*",
    *(f"onnxruntime/{name}/*" for name in ("backend", "datasets", "quantization", "tools", "transformers")),
    *(
        "numpy/f2py/*",
        "numpy/distutils/*",
        "numpy/_core/include/*",
        "numpy/_core/lib/*",
        "numpy/_pyinstaller/*",
    ),
    *("google/genai/tests/*", "openai/cli/*", "PIL/_imagingtk*", "PIL/_imagingft*"),
    *("pillow.libs/libfreetype*", "pillow.libs/libharfbuzz*"),
)


def layer(folder: Path, base: Path, report: Callable[[str], None]) -> Layer:
    """The layer, built in `folder` when the lock or these rules have changed. Raises ClusterError.

    base: Debian's tree, whose interpreter compiles the modules.
    """
    digest = hashlib.sha256(LOCK.read_bytes() + Path(__file__).read_bytes() + debian.key().encode())

    def members(top: Path) -> Iterator[Member]:
        packages = top / AT
        report("installing the locked wheels")
        _install(packages)
        report("compiling and stripping the wheels")
        slim(packages)
        debian.compiled(base, packages, top)
        return tree(top)

    return cached_layer(folder, "wheels", digest.hexdigest(), members)


def slim(packages: Path) -> None:
    """Remove what is never used at run time from installed packages. Raises ClusterError."""
    libraries = []
    for path in sorted(packages.rglob("*")):
        name = str(path.relative_to(packages))
        if path.is_dir():
            continue
        if any(fnmatch(name, each) for each in _WITHOUT):
            path.unlink()
        # What auditwheel has put into `*.libs` was rewritten in a way that strip does not survive.
        elif fnmatch(path.name, "*.so*") and not path.parent.name.endswith(".libs"):
            libraries.append(str(path))
    for path in sorted((each for each in packages.rglob("*") if each.is_dir()), reverse=True):
        if not any(path.iterdir()):
            path.rmdir()
    if not libraries:
        return
    if shutil.which("strip") is None:
        raise ClusterError("strip makes the image small: apt-get install " + " ".join(debian.SYSTEM_PACKAGES))
    subprocess.run(["strip", "--strip-unneeded", *libraries], check=True, timeout=_TIMEOUT_S)


def _install(packages: Path) -> None:
    uv = Path(sys.executable).with_name("uv")
    version = debian.PYTHON.removeprefix("python")
    command = [str(uv), "pip", "install", "--quiet", "--target", str(packages), "--link-mode", "copy"]
    command += ["--python-version", version, "--python-platform", f"{platform.machine()}-manylinux_2_36"]
    command += ["--require-hashes", "--only-binary", ":all:", "--requirement", str(LOCK)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)
    if done.returncode:
        raise ClusterError(
            f"the packages of {LOCK.name} can't be installed:\n" + "\n".join(done.stderr.splitlines()[-12:])
        )
