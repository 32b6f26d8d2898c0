"""A function built as func's host builder does it, and run as its image would be: pip and the folder, no repository."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from embedded.servers.process import free_port

ROOT = Path(__file__).resolve().parents[2]
UV = Path(sys.executable).with_name("uv")
# Not the environment's: what a base image has, without any package.
PYTHON = Path(sys.base_prefix, "bin", f"python3.{sys.version_info.minor}")
PROJECT = """
[project]
name = "service"
version = "0.1.0"
dependencies = ["func-python", "function @ {folder}"]

[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[tool.hatch.metadata]
allow-direct-references = true
"""
MAIN = """
from func_python.http import serve
from function import new

serve(new)
"""


def build(folder: Path, into: Path, wheels: Path) -> Path:
    """Scaffold beside the function, then everything it needs into `lib`, as a layer of the image. Returns `into`."""
    service = into / "service"
    service.mkdir(parents=True)
    (into / "pyproject.toml").write_text(PROJECT.format(folder=folder.as_uri()))
    (service / "__init__.py").touch()
    (service / "main.py").write_text(MAIN)
    _install(into, wheels, str(into))
    return into


def build_again(folder: Path, like: Path, into: Path) -> Path:
    """Another function over what is installed for the first one. Returns `into`."""
    (into / "service").mkdir(parents=True)
    (into / "service/main.py").write_text(MAIN)
    (into / "base").symlink_to(like / "lib")
    _install(into, into, "--no-deps", str(folder))
    return into


def _install(into: Path, wheels: Path, *what: str) -> None:
    # Versions as locked for the image, of which most are here already, and the cool-down for what is not in it.
    command = [str(UV), "pip", "install", "-q", "--python", str(PYTHON), "--target", str(into / "lib")]
    command += ["--constraint", str(ROOT / "image.lock"), "--exclude-newer", "2 weeks"]
    command += ["--find-links", str(wheels), *what]
    ran = subprocess.run(command, cwd=into, capture_output=True, text=True, timeout=300, check=False)
    assert ran.returncode == 0, ran.stderr[-3000:]


@contextmanager
def served(built: Path, **settings: str) -> Iterator[str]:
    """Run it until it is alive; its URL."""
    port = free_port()
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": f"{built}/lib:{built}/base",
        "LISTEN_ADDRESS": f"127.0.0.1:{port}",
        **settings,
    }
    # A coroutine that the scaffold does not await is an error too.
    command = [str(PYTHON), "-s", "-W", "error::RuntimeWarning", str(built / "service/main.py")]
    log = built / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=built, env=environment, stdout=output, stderr=output)
    try:
        url = f"http://127.0.0.1:{port}"
        for _ in range(400):
            assert process.poll() is None, log.read_text()[-3000:]
            try:
                with urllib.request.urlopen(f"{url}/health/readiness", timeout=5):
                    break
            except OSError:
                time.sleep(0.05)
        else:
            raise AssertionError(f"it does not get ready: {log.read_text()[-3000:]}")
        yield url
        told = log.read_text()
        assert "Traceback" not in told, told[-3000:]
        assert "never awaited" not in told, told[-3000:]
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)
