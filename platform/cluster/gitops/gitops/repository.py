"""A git repository of this machine from which ArgoCD takes the platform."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from gitops import remotes

ORIGIN = "https://github.com/eco2/eco2.git"
"""The repository that the Applications name."""

APPS = "platform/cluster/argocd/apps"
_CHARTS = "platform/cluster/argocd/charts"
_COPIED = ("platform/cluster/argocd", "platform/cluster/observability", "platform/knative")
_REMOTE = re.compile(r"^(\s*- )(https://\S+)$", re.MULTILINE)
_TIMEOUT_S = 60
# Nothing of who rehearses: neither their configuration nor their name.
_ENVIRONMENT = {
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
    **{f"GIT_{role}_NAME": "rehearsal" for role in ("AUTHOR", "COMMITTER")},
    **{f"GIT_{role}_EMAIL": "rehearsal@eco2.example" for role in ("AUTHOR", "COMMITTER")},
}


@dataclass(frozen=True, slots=True)
class Repository:
    """A bare repository in `folder`, and the working tree whose commits go there at once."""

    folder: Path

    @property
    def tree(self) -> Path:
        """The working tree."""
        return self.folder / "tree"

    @property
    def url(self) -> str:
        """What Applications name in place of `ORIGIN`."""
        return f"file://{self.folder}/platform.git"

    def make(self, root: Path, fit: Callable[[Path, str], None]) -> None:
        """From the checkout at `root`. `fit`: makes a tree need nothing but itself, which is at a URL."""
        self.folder.mkdir(parents=True)
        self._git("init", "--quiet", "--bare", "--initial-branch=main", "platform.git", at=self.folder)
        self._git("clone", "--quiet", self.url, str(self.tree), at=self.folder)
        for path in _COPIED:
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(root / path, self.tree / path, ignore=ignored)
        fit(self.tree, self.url)
        self.commit("The platform as the checkout has it")

    def commit(self, message: str) -> str:
        """All changes of the working tree, pushed; the commit."""
        self._git("add", "--all")
        self._git("commit", "--quiet", "-m", message)
        return self._pushed()

    def revert(self) -> str:
        """Undo the newest commit by another one, as a person would; that commit."""
        self._git("revert", "--no-edit", "HEAD")
        return self._pushed()

    def _pushed(self) -> str:
        self._git("push", "--quiet", "origin", "HEAD:main")
        return self._git("rev-parse", "HEAD").strip()

    def _git(self, *arguments: str, at: Path | None = None) -> str:
        return subprocess.run(
            ["git", *arguments], cwd=at or self.tree, env={**os.environ, **_ENVIRONMENT},
            capture_output=True, text=True, timeout=_TIMEOUT_S, check=True,
        ).stdout  # fmt: skip


def fit(tree: Path, url: str) -> None:
    """For a cluster without machines: in place of charts stand their definitions."""
    redirect(tree, url)
    for path in sorted((tree / APPS).glob("*.yaml")):
        application: dict[str, Any] = yaml.safe_load(path.read_text())
        if "chart" in application["spec"]["source"]:
            _bring_chart(tree, application, url)
            path.write_text(yaml.safe_dump(application, sort_keys=False))
    for path in sorted((tree / "platform").rglob("kustomization.yaml")):
        bring_manifests(path, remotes.unanswered)


def redirect(tree: Path, url: str) -> None:
    """The Applications in `tree` name `url` in place of `ORIGIN`."""
    for path in sorted((tree / "platform/cluster/argocd").rglob("*.yaml")):
        path.write_text(path.read_text().replace(ORIGIN, url))


def _bring_chart(tree: Path, application: dict[str, Any], url: str) -> None:
    below = f"{_CHARTS}/{application['metadata']['name']}"
    (tree / below).mkdir(parents=True)
    text = yaml.dump_all(remotes.chart(application), Dumper=yaml.CSafeDumper, sort_keys=False)
    (tree / below / "objects.yaml").write_text(text)
    application["spec"]["source"] = {"repoURL": url, "targetRevision": "main", "path": below}


def bring_manifests(kustomization: Path, manifest: Callable[[str], list[dict[str, Any]]]) -> None:
    """Put what a kustomization names by an address beside it."""

    def brought(found: re.Match[str]) -> str:
        name = found[2].rpartition("/")[2]
        text = yaml.dump_all(manifest(found[2]), Dumper=yaml.CSafeDumper, sort_keys=False)
        (kustomization.parent / name).write_text(text)
        return f"{found[1]}{name}"

    text = kustomization.read_text()
    if (made := _REMOTE.sub(brought, text)) != text:
        kustomization.write_text(made)
