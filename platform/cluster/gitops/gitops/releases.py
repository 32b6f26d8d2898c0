"""What happens to a running release: somebody's hand, a commit, a commit that was wrong, and what rights forbid."""

from __future__ import annotations

import importlib.util
from datetime import datetime
from types import ModuleType
from typing import Any

from localcluster import kubectl
from localcluster.paths import ROOT

from gitops import applications
from gitops.answers import FAILS
from gitops.applications import moment
from gitops.repository import Repository

_APPLICATION = "eco2"
_OVERLAY = "platform/knative/overlays/prod/kustomization.yaml"
_REGISTRY = "ghcr.io/eco2/functions"
_HEALS_S = 120
_ROLLS_S = 300
_SERVICES = "services.serving.knative.dev"


def migrated_before_functions(_repository: Repository) -> str:
    """The migration had ended before the first function was there:"""
    migrated = _migrated_at()
    first = min(moment(each["metadata"]["creationTimestamp"]) for each in _functions())
    assert migrated <= first, f"migrated at {migrated}, the first function came at {first}"
    return f"{(first - migrated).total_seconds():.0f} s before"


def drift_is_healed(_repository: Repository) -> str:
    """What a hand changed or deleted is as the repository has it again:"""
    kubectl.run("scale", "deployment/edge", "-n", _APPLICATION, "--replicas=1")
    scaled = applications.until(
        lambda: kubectl.get("deployment", "edge", "-n", _APPLICATION)["spec"]["replicas"] == 3,
        "three edges again", _HEALS_S, _APPLICATION,
    )  # fmt: skip
    policy = ("networkpolicy", "default-deny", "-n", _APPLICATION)
    kubectl.run("delete", *policy)
    deleted = applications.until(
        lambda: kubectl.attempt("get", *policy).returncode == 0,
        "the deleted policy again", _HEALS_S, _APPLICATION,
    )  # fmt: skip
    _settled("after drift")
    return f"edges in {scaled:.1f} s, a network policy in {deleted:.1f} s"


def a_commit_is_rolled_out(repository: Repository) -> str:
    """A commit that names another image is rolled out, behind its migration:"""
    before = _migrated_at()
    image = _release(repository, "a", "Release a")
    took = _rolled_out(image)
    migrated = _migrated_at()
    changed = min(_applied_at(each) for each in _functions())
    assert before < migrated <= changed, (before, migrated, changed)
    return f"{len(_functions())} functions in {took:.0f} s"


def a_revert_takes_it_back(repository: Repository) -> str:
    """`git revert` takes the release back:"""
    _release(repository, "b", "Release b")
    _rolled_out(_image("b"))
    repository.revert()
    applications.refresh(_APPLICATION)
    took = _rolled_out(_image("a"))
    return f"in {took:.0f} s"


def a_failing_migration_stops_a_release(repository: Repository) -> str:
    """A release whose migration fails changes no function, and reverting it is enough:"""
    overlay = repository.tree / _OVERLAY
    _bumped(repository, "c")
    overlay.write_text(overlay.read_text().replace("\npatches:\n", f"\npatches:\n{_FAILING}", 1))
    commit = repository.commit("Release c, whose migration fails")
    applications.refresh(_APPLICATION)

    def failed() -> bool:
        operation = applications.read()[_APPLICATION].operation
        told = operation.get("syncResult", {}).get("resources", ())
        return operation.get("syncResult", {}).get("revision") == commit and any(
            each["kind"] == "Job" and each.get("hookPhase") == "Failed" for each in told
        )

    applications.until(failed, "the migration's failure", _ROLLS_S, _APPLICATION)
    assert _images() == {_image("a")}, _images()
    repository.revert()
    applications.refresh(_APPLICATION)
    took = _settled("after the revert")
    assert _images() == {_image("a")}, _images()
    return f"settled {took:.0f} s after the revert"


_FAILING = f"""\
  - target: {{kind: Job, name: eco2-migrate}}
    patch: |
      - {{op: replace, path: /spec/backoffLimit, value: 0}}
      - {{op: add, path: /spec/template/metadata/annotations, value: {{{FAILS}: "true"}}}}
"""


def what_is_removed_is_pruned(repository: Repository) -> str:
    """A function that the repository no longer has is removed, with its Triggers:"""
    base = repository.tree / "platform/knative/base"
    triggers = len(kubectl.get("triggers.eventing.knative.dev", "-n", _APPLICATION)["items"])
    functions = len(_functions())
    (base / "functions/character-own.yaml").unlink()
    kustomization = base / "kustomization.yaml"
    kustomization.write_text(kustomization.read_text().replace("- functions/character-own.yaml\n", ""))
    repository.commit("Nobody owns characters any more")
    applications.refresh(_APPLICATION)
    _settled("after the removal")
    left = len(kubectl.get("triggers.eventing.knative.dev", "-n", _APPLICATION)["items"])
    assert len(_functions()) == functions - 1
    assert left < triggers, (left, triggers)
    repository.revert()
    applications.refresh(_APPLICATION)
    _settled("after the function is back")
    assert len(_functions()) == functions
    return f"1 of {functions} functions, {triggers - left} of {triggers} Triggers"


def rights_are_the_projects(repository: Repository) -> str:
    """A release that brings a role is refused:"""
    overlay = repository.tree / _OVERLAY
    (overlay.parent / "role.yaml").write_text(_ROLE)
    overlay.write_text(
        overlay.read_text().replace("  - rabbitmq.yaml\n", "  - rabbitmq.yaml\n  - role.yaml\n")
    )
    repository.commit("A role comes with a release")
    applications.refresh(_APPLICATION)

    def refused() -> bool:
        complaints = applications.read()[_APPLICATION].complaints
        return any("Role" in each and "not permitted" in each for each in complaints)

    applications.until(refused, "the refusal", _ROLLS_S, _APPLICATION)
    assert kubectl.attempt("get", "role", "reader", "-n", _APPLICATION).returncode != 0
    repository.revert()
    applications.refresh(_APPLICATION)
    _settled("without the role")
    return "not permitted in project eco2"


_ROLE = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader, namespace: eco2}
rules:
  - {apiGroups: [""], resources: [secrets], verbs: [get]}
"""


def _release(repository: Repository, letter: str, message: str) -> str:
    image = _bumped(repository, letter)
    repository.commit(message)
    applications.refresh(_APPLICATION)
    return image


def _bumped(repository: Repository, letter: str) -> str:
    """The overlay names another image, by the program with which CI does it; that image."""
    overlay = repository.tree / _OVERLAY
    digest = _image(letter).partition("@")[2]
    overlay.write_text(bump().bumped(overlay.read_text(), _REGISTRY, digest))
    return _image(letter)


def _image(letter: str) -> str:
    return f"{_REGISTRY}@sha256:{letter * 64}"


def bump() -> ModuleType:
    """The program that a release runs to name its image."""
    spec = importlib.util.spec_from_file_location("bump", ROOT / "platform/cluster/argocd/bump.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _rolled_out(image: str) -> float:
    took = applications.until(lambda: _images() == {image}, f"functions of {image}", _ROLLS_S, _APPLICATION)
    return took + _settled(f"with {image}")


def _settled(when: str) -> float:
    """Until the Application is settled; it may not yet have looked, so it must be told to before."""

    def holds() -> bool:
        found = kubectl.get("application", _APPLICATION, "-n", "argocd")
        looking = "argocd.argoproj.io/refresh" in found["metadata"].get("annotations", {})
        return not looking and applications.ArgoApplication.of(found).settled

    return applications.until(holds, f"{_APPLICATION} {when}", _ROLLS_S, _APPLICATION)


def _functions() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = kubectl.get(_SERVICES, "-n", _APPLICATION, "--show-managed-fields")["items"]
    return found


def _images() -> set[str]:
    return {each["spec"]["template"]["spec"]["containers"][0]["image"] for each in _functions()}


def _migrated_at() -> datetime:
    job = kubectl.get("job", "eco2-migrate", "-n", _APPLICATION)
    return moment(job["status"]["completionTime"])


def _applied_at(each: dict[str, Any]) -> datetime:
    """When ArgoCD last changed an object's specification."""
    return max(
        moment(entry["time"])
        for entry in each["metadata"]["managedFields"]
        if entry["manager"].startswith("argocd") and "subresource" not in entry
    )
