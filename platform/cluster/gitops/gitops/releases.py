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
_ROLLS_S = 600
_SERVICES = "services.serving.knative.dev"


def migrated_before_functions(_repository: Repository) -> str:
    """The migration had ended before the first function was there:"""
    migrated = migrated_at()
    first = min(moment(each["metadata"]["creationTimestamp"]) for each in functions())
    assert migrated <= first, f"migrated at {migrated}, the first function came at {first}"
    return f"{(first - migrated).total_seconds():.0f} s before"


def drift_is_healed(_repository: Repository) -> str:
    """What a hand changed or deleted is as the repository has it again:"""
    edge = ("deployment", "edge", "-n", _APPLICATION)
    replicas = kubectl.get(*edge)["spec"]["replicas"]
    kubectl.run("scale", *edge, f"--replicas={replicas + 1}")
    scaled = applications.until(
        lambda: kubectl.get(*edge)["spec"]["replicas"] == replicas,
        f"{replicas} of the edge again", _HEALS_S, _APPLICATION,
    )  # fmt: skip
    policy = ("networkpolicy", "default-deny", "-n", _APPLICATION)
    kubectl.run("delete", *policy)
    deleted = applications.until(
        lambda: kubectl.attempt("get", *policy).returncode == 0,
        "the deleted policy again", _HEALS_S, _APPLICATION,
    )  # fmt: skip
    settled("after drift")
    return f"edges in {scaled:.1f} s, a network policy in {deleted:.1f} s"


def a_commit_is_rolled_out(repository: Repository) -> str:
    """A commit that names another image is rolled out, behind its migration:"""
    took = released(repository, _OVERLAY, _image("a"), "Release a")
    return f"{len(functions())} functions in {took:.0f} s"


def released(repository: Repository, overlay: str, image: str, message: str) -> float:
    """The seconds from the commit that names an image in an overlay until all is of it, behind its migration."""
    before = migrated_at()
    _bumped(repository, overlay, image)
    repository.commit(message)
    applications.refresh(_APPLICATION)
    took = rolled_out(image)
    migrated = migrated_at()
    changed = min(_applied_at(each) for each in functions())
    assert before < migrated <= changed, (before, migrated, changed)
    return took


def reverted(repository: Repository, image: str) -> float:
    """The seconds from the revert of the newest commit until all is of an image again."""
    repository.revert()
    applications.refresh(_APPLICATION)
    return rolled_out(image)


def a_revert_takes_it_back(repository: Repository) -> str:
    """`git revert` takes the release back:"""
    released(repository, _OVERLAY, _image("b"), "Release b")
    return f"in {reverted(repository, _image('a')):.0f} s"


def a_failing_migration_stops_a_release(repository: Repository) -> str:
    """A release whose migration fails changes no function, and reverting it is enough:"""
    overlay = repository.tree / _OVERLAY
    _bumped(repository, _OVERLAY, _image("c"))
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
    assert images() == {_image("a")}, images()
    repository.revert()
    applications.refresh(_APPLICATION)
    took = settled("after the revert")
    assert images() == {_image("a")}, images()
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
    before = len(functions())
    (base / "functions/character-own.yaml").unlink()
    kustomization = base / "kustomization.yaml"
    kustomization.write_text(kustomization.read_text().replace("- functions/character-own.yaml\n", ""))
    repository.commit("Nobody owns characters any more")
    applications.refresh(_APPLICATION)
    settled("after the removal")
    left = len(kubectl.get("triggers.eventing.knative.dev", "-n", _APPLICATION)["items"])
    assert len(functions()) == before - 1
    assert left < triggers, (left, triggers)
    repository.revert()
    applications.refresh(_APPLICATION)
    settled("after the function is back")
    assert len(functions()) == before
    return f"1 of {before} functions, {triggers - left} of {triggers} Triggers"


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
    settled("without the role")
    return "not permitted in project eco2"


_ROLE = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader, namespace: eco2}
rules:
  - {apiGroups: [""], resources: [secrets], verbs: [get]}
"""


def _bumped(repository: Repository, overlay: str, image: str) -> None:
    """The overlay names another image, by the program with which CI does it."""
    path = repository.tree / overlay
    name, _, digest = image.partition("@")
    path.write_text(bump().bumped(path.read_text(), name, digest))


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


def rolled_out(image: str) -> float:
    """The seconds until all functions are of an image, and healthy."""
    took = applications.until(lambda: images() == {image}, f"functions of {image}", _ROLLS_S, _APPLICATION)
    return took + settled(f"with {image}")


def settled(when: str) -> float:
    """The seconds until the Application is settled; it may not yet have looked, so it must be told to before."""

    def holds() -> bool:
        found = kubectl.get("application", _APPLICATION, "-n", "argocd")
        looking = "argocd.argoproj.io/refresh" in found["metadata"].get("annotations", {})
        return not looking and applications.ArgoApplication.of(found).settled

    return applications.until(holds, f"{_APPLICATION} {when}", _ROLLS_S, _APPLICATION)


def functions() -> list[dict[str, Any]]:
    """The functions' Services."""
    found: list[dict[str, Any]] = kubectl.get(_SERVICES, "-n", _APPLICATION, "--show-managed-fields")["items"]
    return found


def images() -> set[str]:
    """What functions are made of."""
    return {each["spec"]["template"]["spec"]["containers"][0]["image"] for each in functions()}


def migrated_at() -> datetime:
    """When the newest migration ended."""
    job = kubectl.get("job", "eco2-migrate", "-n", _APPLICATION)
    return moment(job["status"]["completionTime"])


def _applied_at(each: dict[str, Any]) -> datetime:
    """When ArgoCD last changed an object's specification."""
    return max(
        moment(entry["time"])
        for entry in each["metadata"]["managedFields"]
        if entry["manager"].startswith("argocd") and "subresource" not in entry
    )
