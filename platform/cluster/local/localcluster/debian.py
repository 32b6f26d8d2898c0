"""What images take from Debian: Python and the shared libraries that programs need; no shell, no package manager.

mmdebstrap resolves, downloads and verifies the packages; nothing of them is run but the interpreter, through the
dynamic loader that came with it, so no root is needed here and the machine's own Python may be another one.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from fnmatch import fnmatch
from pathlib import Path

from localcluster.errors import ClusterError
from localcluster.layers import Member, tree

SYSTEM_PACKAGES = ("binutils", "mmdebstrap")
"""Of the machine that builds."""

SUITE = "bookworm"
PYTHON = "python3.11"
CERTIFICATES = "etc/ssl/certs/ca-certificates.crt"
_TIMEOUT_S = 900
_PACKAGES = (
    "base-files",
    "ca-certificates",
    "libstdc++6",
    f"lib{PYTHON}-stdlib",
    f"{PYTHON}-minimal",
    "netbase",
)
_LIBRARIES = (
    *("ld-linux*", "libc", "libdl", "libm", "libpthread", "libresolv", "librt", "libutil", "libnss_dns"),
    *("libnss_files", "libgcc_s", "libstdc++", "libz", "libssl", "libcrypto", "libffi", "libexpat", "libbz2"),
    *("liblzma", "libuuid"),
)
_KEPT = (
    *(f"usr/lib/*/{name}[.-][so0-9]*" for name in _LIBRARIES),
    *("usr/lib64/*", "usr/bin/python3.11", f"usr/lib/{PYTHON}/*", "usr/share/doc/*/copyright"),
    *("usr/share/ca-certificates/*", "etc/os-release", "usr/lib/os-release", "etc/debian_version"),
    *("etc/protocols", "etc/services"),
)
_WITHOUT = tuple(
    f"usr/lib/{PYTHON}/{name}"
    for name in (
        *("sitecustomize.py", "EXTERNALLY-MANAGED", "LICENSE.txt", "turtle.py"),
        *(
            "ensurepip/*",
            "lib2to3/*",
            "idlelib/*",
            "tkinter/*",
            "turtledemo/*",
            "test/*",
            "*/test/*",
            "*/tests/*",
        ),
        *("pydoc_data/*", "curses/*", "dbm/*", "sqlite3/*", "venv/*", "distutils/*", "config-*/*"),
        *(
            f"lib-dynload/{name}.*"
            for name in ("_ctypes_test", "_curses*", "_dbm", "_sqlite3", "_crypt", "nis")
        ),
        *(f"lib-dynload/{name}.*" for name in ("_test*", "_xx*", "xx*", "ossaudiodev", "readline")),
    )
)
_COMPILE = """
import compileall, py_compile, sys
folder, root = sys.argv[1:]
sys.exit(not compileall.compile_dir(
    folder, maxlevels=99, quiet=1, stripdir=root, prependdir="/", workers=0,
    invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
))
"""


def unpacked(folder: Path, report: Callable[[str], None]) -> Path:
    """A tree in `folder` with all that any image takes from Debian, fetched the first time. Raises ClusterError."""
    root = folder / f"tree-{key()[:12]}"
    if root.exists():
        return root
    report("fetching Debian's Python")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".tree-") as unfinished:
        archive, building = Path(unfinished, "all.tar"), Path(unfinished, "root")
        _fetch(archive)
        with tarfile.open(archive) as packages:
            _keep(packages, building)
        _certificates(building)
        compiled(building, building / "usr/lib" / PYTHON, building)
        for old in folder.glob("tree-*"):
            shutil.rmtree(old)
        building.rename(root)
    return root


def key() -> str:
    """Digest of what the tree depends on."""
    return hashlib.sha256(Path(__file__).read_bytes()).hexdigest()


def members(root: Path) -> Iterator[Member]:
    """The layer below functions: all of the tree, and what a system has of links, users and folders."""
    yield from tree(root)
    yield Member("usr/bin/python3", link=PYTHON)
    yield from plain_system()


def plain_system() -> Iterator[Member]:
    """Links of a merged /usr, the user that containers run as, and /tmp."""
    for name in ("bin", "lib", "lib64"):
        yield Member(name, link=f"usr/{name}")
    yield Member("usr/bin")
    yield Member("etc/passwd", b"root:x:0:0:root:/:/nonexistent\nnonroot:x:65532:65532::/tmp:/nonexistent\n")
    yield Member("etc/group", b"root:x:0:\nnonroot:x:65532:\n")
    yield Member("etc/nsswitch.conf", b"hosts: files dns\n")
    yield Member("tmp", mode=0o1777)


def libraries(root: Path, *names: str) -> Iterator[Member]:
    """The dynamic loader and the named shared libraries (`libm`), for a program that isn't Python's."""
    for member in tree(root):
        name = member.path.rpartition("/")[2]
        if any(fnmatch(name, f"{each}[.-][so0-9]*") for each in ("ld-linux*", *names)):
            yield member


def compiled(root: Path, folder: Path, top: Path) -> None:
    """Write the .pyc of every module below `folder`, never to be checked against its source again.

    root: of Debian's tree; top: what paths in the compiled files are relative to. Raises ClusterError.
    """
    _run(
        [*_interpreter(root), "-S", "-c", _COMPILE, str(folder), str(top)], {"PYTHONHOME": str(root / "usr")}
    )


def _fetch(archive: Path) -> None:
    if shutil.which("mmdebstrap") is None:
        raise ClusterError("mmdebstrap makes the images' base: apt-get install " + " ".join(SYSTEM_PACKAGES))
    include = "--include=" + ",".join(_PACKAGES)
    _run(["mmdebstrap", "--quiet", "--variant=extract", include, SUITE, str(archive)], {})


def _keep(packages: tarfile.TarFile, root: Path) -> None:
    for about in packages:
        path = about.name.removeprefix("./")
        if path.split("/")[0] in {"bin", "lib", "lib64", "sbin"}:
            path = f"usr/{path}"
        if not any(fnmatch(path, each) for each in _KEPT) or any(fnmatch(path, each) for each in _WITHOUT):
            continue
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if about.issym():
            target.symlink_to(about.linkname)
        elif content := packages.extractfile(about):
            with target.open("wb") as file:
                shutil.copyfileobj(content, file)
            target.chmod(0o755 if about.mode & 0o100 else 0o644)


def _certificates(root: Path) -> None:
    """One bundle of all authorities, as update-ca-certificates makes it."""
    folder = root / "usr/share/ca-certificates"
    bundle = root / CERTIFICATES
    bundle.parent.mkdir(parents=True)
    bundle.write_bytes(b"".join(path.read_bytes() for path in sorted(folder.rglob("*.crt"))))
    shutil.rmtree(folder)


def _interpreter(root: Path) -> list[str]:
    loader = next(root.glob("usr/lib/*/ld-linux*"))
    return [str(loader), "--library-path", str(loader.parent), str(root / "usr/bin" / PYTHON)]


def _run(command: list[str], environment: dict[str, str]) -> None:
    done = subprocess.run(
        command,
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=_TIMEOUT_S,
        check=False,
    )
    if done.returncode:
        raise ClusterError(f"{Path(command[0]).name} failed:\n" + "\n".join(done.stdout.splitlines()[-12:]))
