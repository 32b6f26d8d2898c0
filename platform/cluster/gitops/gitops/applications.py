"""Applications as ArgoCD tells of them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from localcluster import kubectl, processes
from localcluster.waiting import wait_for

from gitops.argocd import NAMESPACE

WAVE = "argocd.argoproj.io/sync-wave"
_EVERY_S = 2.0


@dataclass(frozen=True, slots=True)
class ArgoApplication:
    """One of them at one moment."""

    name: str
    wave: int
    created: datetime
    first_synced: datetime | None
    sync: str
    health: str
    revision: str
    operation: dict[str, Any]
    complaints: tuple[str, ...]

    @classmethod
    def of(cls, told: dict[str, Any]) -> ArgoApplication:
        """From the object."""
        metadata, status = told["metadata"], told.get("status", {})
        operation, history = status.get("operationState", {}), status.get("history", ())
        complaints = [each["message"] for each in status.get("conditions", ())]
        if operation.get("phase") in {"Failed", "Error"}:
            complaints.append(operation.get("message", ""))
        results = operation.get("syncResult", {}).get("resources", ())
        complaints += [
            f"{each['kind']} {each['name']}: {each.get('message', '')}"
            for each in results
            if each.get("status") == "SyncFailed"
        ]
        complaints += [
            f"{each['kind']} {each['name']}: {each.get('status', '')} {each.get('health', {}).get('status', '')} "
            f"{each.get('health', {}).get('message', '')}"
            for each in status.get("resources", ())
            if each.get("status") == "OutOfSync"
            or each.get("health", {}).get("status", "Healthy") != "Healthy"
        ]
        return cls(
            name=metadata["name"],
            wave=int(metadata.get("annotations", {}).get(WAVE, "0")),
            created=moment(metadata["creationTimestamp"]),
            first_synced=moment(history[0]["deployedAt"]) if history else None,
            sync=status.get("sync", {}).get("status", ""),
            health=status.get("health", {}).get("status", ""),
            revision=status.get("sync", {}).get("revision", ""),
            operation=operation,
            complaints=tuple(dict.fromkeys(complaints)),
        )

    @property
    def settled(self) -> bool:
        """As the repository wants it, and healthy."""
        return (self.sync, self.health) == ("Synced", "Healthy") and self.operation.get(
            "phase"
        ) == "Succeeded"


def moment(text: str) -> datetime:
    """A time as Kubernetes writes it."""
    return datetime.fromisoformat(text)


def read() -> dict[str, ArgoApplication]:
    """All of them by name."""
    found = kubectl.get("applications.argoproj.io", "-n", NAMESPACE)["items"]
    return {each["metadata"]["name"]: ArgoApplication.of(each) for each in found}


def refresh(name: str) -> None:
    """Look at the repository now, as a webhook would tell it to."""
    kubectl.run(
        "annotate", "application", name, "-n", NAMESPACE, "argocd.argoproj.io/refresh=normal", "--overwrite"
    )


def until(holds: Callable[[], bool], what: str, timeout_s: float, of: str = "") -> float:
    """Wait; the seconds that it took. Raises ClusterError with what ArgoCD complains of, or `of` one Application."""
    began = time.monotonic()

    def look() -> bool:
        processes.must_all_run()
        return holds()

    wait_for(what, look, timeout_s, _EVERY_S, lambda: _complaints(of))
    return time.monotonic() - began


def _complaints(of: str) -> str:
    lines = []
    for each in read().values():
        if not each.settled and of in {"", each.name}:
            lines.append(f"\n  {each.name}: {each.sync or '?'}, {each.health or '?'}")
            lines += [f"\n    {complaint[:600]}" for complaint in each.complaints[:12]]
    return "".join(lines)
