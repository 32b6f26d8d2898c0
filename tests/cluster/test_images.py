"""The functions' image as it runs: read-only, as nobody, with everything that any function imports."""

from __future__ import annotations

import contextlib
import http.client
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from localcluster import debian, function_image, program_image, programs
from localcluster.archive import Image

from bench.cold import functions
from embedded.servers.process import free_port

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("mmdebstrap") is None, reason="needs root and mmdebstrap"
)
LARGEST_MB = 250
"""Compressed."""

UNCHECKED_HASH = 1
"""The second word of a .pyc (PEP 552)."""

READY_S = 60
# The mount namespace ends with the process. What a runtime mounts for any container is all that is added.
ENTER = """
PATH=/usr/sbin:/usr/bin:/sbin:/bin; root=$1; shift
mount --bind "$root" "$root" && cd "$root" && mount -t proc proc proc && mount --rbind /dev dev &&
mount -o remount,bind,ro "$root" &&
exec unshare --root "$root" --wd /app --setgid 65532 --setuid 65532 -- "$@"
"""
IMPORT_ALL = """
import functions, eventing, schemas, embedded, importlib, pkgutil
for package in (functions, eventing, schemas, embedded):
    for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if not found.name.endswith("__main__"):
            importlib.import_module(found.name)
for name in ("openai", "google.genai", "psycopg_pool", "redis.asyncio", "botocore.auth", "jwt", "cryptography.x509"):
    importlib.import_module(name)
"""
LOOK = """
import io
from PIL import Image
from functions.providers.local.model import LocalClassifier
from functions.scan.inquiry import ask
picture = io.BytesIO()
photo = Image.effect_noise((320, 240), 60).convert("RGB")  # one of a single colour would be unreadable
photo.paste("navy", (80, 60, 240, 180))
photo.save(picture, "JPEG")
print(LocalClassifier().classify(picture.getvalue()), ask("페트병 라벨은 떼나요?").answer)
"""


@pytest.fixture(scope="module")
def image() -> Image:
    return function_image.build(print)


@pytest.fixture(scope="module")
def root(image: Image) -> Iterator[Path]:
    """The image's files, as a runtime unpacks them, in a folder that everybody may enter."""
    with tempfile.TemporaryDirectory(prefix="eco2-image-") as folder:
        os.chmod(folder, 0o755)
        for layer in image.layers:
            subprocess.run(["tar", "-xf", str(layer.path), "-C", folder], check=True, timeout=300)
        for name in ("proc", "dev"):
            Path(folder, name).mkdir()
        yield Path(folder)


def command(root: Path, *words: str) -> list[str]:
    """`words` as a container of the image runs them."""
    settings = [f"{name}={value}" for name, value in function_image.CONFIG.environment.items()]
    enter = [shutil.which("unshare") or "unshare", "--mount", "--propagation", "private"]
    return ["/usr/bin/env", "-i", *settings, *enter, "/bin/sh", "-ec", ENTER, "enter", str(root), *words]


def run(root: Path, code: str) -> str:
    done = subprocess.run(
        command(root, "/usr/bin/python3", "-W", "error", "-c", code),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def test_it_is_small(image: Image) -> None:
    assert image.size / 1e6 <= LARGEST_MB, function_image.describe(image)


def test_it_is_built_once(image: Image) -> None:
    written = image.archive.stat().st_mtime_ns
    assert function_image.build(print) == image
    assert image.archive.stat().st_mtime_ns == written


def test_every_module_is_compiled_and_never_checked_again(root: Path) -> None:
    python = next(root.glob("usr/lib/python3*"))
    sources = [path for top in (python, root / "app", root / "usr/local") for path in top.rglob("*.py")]
    assert len(sources) > 2000
    for source in sources:
        compiled = source.parent / "__pycache__" / f"{source.stem}.cpython-311.pyc"
        assert compiled.exists(), source
        assert struct.unpack("<4xI", compiled.read_bytes()[:8]) == (UNCHECKED_HASH,), compiled


def test_nothing_is_left_in_it_that_nobody_runs(root: Path) -> None:
    names = [str(path.relative_to(root)) for path in root.rglob("*")]
    for part in ("/tests/", "/test/", "/pip/", "/setuptools/", "/ensurepip/", "/share/man/"):
        assert not [name for name in names if part in f"/{name}/"], part
    assert not [name for name in names if name.endswith((".pyi", ".h", ".c", ".a"))]
    assert set(os.listdir(root / "usr/bin")) == {"python3", debian.PYTHON}, "no shell, no package manager"


def test_nobody_may_change_anything(root: Path) -> None:
    for path in root.rglob("*"):
        about = path.lstat()
        if not path.is_symlink() and path != root / "tmp":
            assert (about.st_uid, about.st_mode & 0o022, about.st_mode & 0o6000) == (0, 0, 0), path


def test_every_module_imports(root: Path) -> None:
    assert run(root, IMPORT_ALL) == ""


def test_the_local_model_looks_and_what_is_known_answers(root: Path) -> None:
    assert "라벨을 떼고" in run(root, LOOK)


@pytest.mark.parametrize("name", functions())
def test_a_function_starts(root: Path, name: str) -> None:
    port = free_port()
    words = [*function_image.CONFIG.entrypoint, name, "--port", str(port)]
    with subprocess.Popen(command(root, *words), stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        try:
            alive = answers(port, name, process)
            process.kill()
            assert alive, process.communicate(timeout=READY_S)[0].decode()
        finally:
            process.kill()


def answers(port: int, name: str, process: subprocess.Popen[bytes]) -> bool:
    """Whether it says that it is alive; whether it is ready depends on stores, which there are none of here."""
    deadline = time.monotonic() + READY_S
    while time.monotonic() < deadline and process.poll() is None:
        with (
            contextlib.suppress(OSError),
            contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=5)) as asked,
        ):
            asked.request("GET", "/health/live", headers={"host": name})
            if asked.getresponse().status == 200:
                return True
        time.sleep(0.02)
    return False


@pytest.fixture
def ctr() -> Iterator[list[str]]:
    """The command line of a containerd of its own."""
    with tempfile.TemporaryDirectory(prefix="eco2-containerd-") as folder:
        socket = f"{folder}/socket"
        Path(folder, "config.toml").write_text(
            f'version = 2\nroot = "{folder}/root"\nstate = "{folder}/state"\n'
            f'disabled_plugins = ["io.containerd.grpc.v1.cri"]\n[grpc]\naddress = "{socket}"\n'
        )
        with (
            Path(folder, "log").open("wb") as log,
            subprocess.Popen(["containerd", "--config", f"{folder}/config.toml"], stderr=log) as process,
        ):
            try:
                ctr = ["ctr", "--address", socket, "--namespace", "k8s.io"]
                deadline = time.monotonic() + READY_S
                while subprocess.run(
                    [*ctr, "version"], capture_output=True, timeout=READY_S, check=False
                ).returncode:
                    assert time.monotonic() < deadline, Path(folder, "log").read_text()[-2000:]
                    time.sleep(0.1)
                yield ctr
            finally:
                process.kill()


def test_an_image_is_known_by_its_tag_and_by_its_digest(ctr: list[str]) -> None:
    if not programs.program("pause").exists():
        pytest.skip("the cluster's programs are not built")
    image = program_image.pause(print)
    subprocess.run([*ctr, "images", "import", str(image.archive)], check=True, timeout=60, stdout=sys.stderr)
    listed = subprocess.run(
        [*ctr, "images", "ls"], check=True, timeout=60, capture_output=True, text=True
    ).stdout
    digests = {line.split()[0]: line.split()[2] for line in listed.splitlines()[1:]}
    assert digests == {image.tagged: image.digest, image.pinned: image.digest}
