"""The rehearsal of GitOps as far as it needs no cluster: repository, stand-ins, what is seen of waves."""

from __future__ import annotations

import re
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from fleet.inventory import read_inventory, read_prices
from gitops import answers, remotes, repository, waves
from gitops.applications import ArgoApplication
from gitops.repository import APPS, ORIGIN, Repository

ROOT = Path(__file__).resolve().parents[2]
ARGOCD = ROOT / "platform/cluster/argocd"
Object = dict[str, Any]


@pytest.fixture
def nothing_downloaded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sources of manifests without Go modules."""
    named = {name: lambda name=name: iter([_config_map(name)]) for name in remotes._MANIFESTS}
    monkeypatch.setattr(remotes, "_MANIFESTS", named)
    monkeypatch.setattr(remotes, "DEFINITIONS", {})


def _config_map(name: str) -> Object:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}}


@pytest.fixture
def made(nothing_downloaded: None, tmp_path: Path) -> Repository:
    found = Repository(tmp_path / "repository")
    found.make(ROOT, repository.fit)
    return found


def test_the_rehearsed_repository_needs_nothing_but_itself(made: Repository) -> None:
    for path in (made.tree / APPS).glob("*.yaml"):
        source = yaml.safe_load(path.read_text())["spec"]["source"]
        assert source["repoURL"] == made.url
        assert list((made.tree / source["path"]).glob("*.yaml")), source["path"]
    assert ORIGIN not in "".join(path.read_text() for path in (made.tree / "platform").rglob("*.yaml"))
    for path in (made.tree / "platform").rglob("kustomization.yaml"):
        named = [
            each for each in yaml.safe_load(path.read_text()).get("resources", ()) if each.endswith("yml")
        ]
        assert "https://" not in "".join(yaml.safe_load(path.read_text()).get("resources", ()))
        assert all((path.parent / each).exists() for each in named)


def test_what_the_applications_take_from_elsewhere_has_something_that_stands_for_it() -> None:
    remote = {
        found
        for path in (ROOT / "platform").rglob("kustomization.yaml")
        for found in re.findall(r"^\s*- (https://\S+)$", path.read_text(), re.MULTILINE)
    }
    assert {url.rpartition("/")[2] for url in remote} == remotes._MANIFESTS.keys()
    with pytest.raises(LookupError, match=r"other\.yaml"):
        remotes.manifest("https://example.org/other.yaml")


def test_definitions_are_of_the_charts_versions() -> None:
    charts = [yaml.safe_load(path.read_text()) for path in (ROOT / APPS).glob("*.yaml")]
    versions = {
        each["metadata"]["name"]: each["spec"]["source"]["targetRevision"].removeprefix("v")
        for each in charts
        if "chart" in each["spec"]["source"]
    }
    assert remotes.DEFINITIONS.keys() <= versions.keys()
    for name in ("cert-manager", "external-secrets", "istio-base"):  # a chart has its program's version
        assert remotes.DEFINITIONS[name][0].endswith(f"@v{versions[name]}")


def test_a_chart_leaves_its_definitions_without_templates_and_converters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "crds").mkdir()
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "things.example.org", "labels": {"app": '{{ template "x" . }}'}},
        "spec": {
            "group": "example.org",
            "names": {"kind": "Thing"},
            "conversion": {"strategy": "Webhook"},
            "versions": [{"description": "words", "properties": {"description": {"type": "string"}}}],
        },
    }
    unused = {**definition, "spec": {"names": {"kind": "Unused"}}}
    (tmp_path / "crds/thing.yaml").write_text(yaml.safe_dump_all([definition, unused, _config_map("other")]))
    monkeypatch.setattr(remotes, "DEFINITIONS", {"prometheus": ("module", "crds", {"Thing"})})
    monkeypatch.setattr(remotes, "downloaded", lambda _module: tmp_path)
    note, found = remotes.chart(yaml.safe_load((ROOT / APPS / "15-prometheus.yaml").read_text()))
    assert note["metadata"] == {"name": "chart-kube-prometheus-stack", "namespace": "monitoring"}
    assert found["metadata"] == {"name": "things.example.org"}
    assert found["spec"] == {
        "group": "example.org",
        "names": {"kind": "Thing"},
        "versions": [{"properties": {"description": {"type": "string"}}}],
    }


def test_a_commit_reaches_the_bare_repository_and_a_revert_undoes_it(made: Repository) -> None:
    file = made.tree / "platform/knative/overlays/prod/kustomization.yaml"
    before = file.read_text()
    file.write_text(f"{before}# changed\n")
    commit = made.commit("Changed")
    other = Path(shutil.copytree(made.folder / "platform.git", made.folder / "seen.git"))
    assert (other / "refs/heads/main").read_text().strip() == commit
    assert made.revert() != commit
    assert file.read_text() == before


def test_nodes_are_the_inventorys() -> None:
    inventory, prices = read_inventory(), read_prices()
    nodes = {each.name: answers.node(each, inventory, prices) for each in inventory.nodes()}
    stateful = nodes["stateful-1"]
    assert stateful["metadata"]["labels"]["eco2/pool"] == "stateful"
    assert stateful["metadata"]["labels"]["topology.kubernetes.io/zone"] == "ap-northeast-2a"
    assert stateful["spec"]["taints"] == [{"key": "eco2/pool", "value": "stateful", "effect": "NoSchedule"}]
    assert nodes["control-plane-1"]["spec"]["taints"] == [
        {"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}
    ]


def _pod(phase: str, *, node: str = "general-1", job: bool = False, fails: bool = False) -> Object:
    began = datetime.now(UTC) - timedelta(seconds=answers.JOB_RUNS_S)
    return {
        "metadata": {
            "ownerReferences": [{"kind": "Job" if job else "ReplicaSet"}],
            "annotations": {answers.FAILS: "true"} if fails else {},
        },
        "spec": {"nodeName": node, "containers": [{"name": "one", "image": "image"}]},
        "status": {"phase": phase, "startTime": began.isoformat()},
    }


@pytest.mark.parametrize(
    ("pod", "phase"),
    [
        (_pod("Pending"), "Running"),
        (_pod("Pending", node=""), None),  # nobody runs what has no place
        (_pod("Running"), None),
        (_pod("Running", job=True), "Succeeded"),
        (_pod("Running", job=True, fails=True), "Failed"),
        (_pod("Succeeded", job=True), None),
    ],
)
def test_a_pod_runs_once_it_has_a_node_and_a_jobs_ends(pod: Object, phase: str | None) -> None:
    said = answers.pod(pod)
    assert (said["phase"] if said else None) == phase


def test_a_volume_is_made_where_the_claims_pod_has_its_place() -> None:
    claim: Object = {
        "metadata": {"name": "data-0", "namespace": "monitoring", "uid": "1", "annotations": {}},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}},
            "storageClassName": "local-path",
        },
        "status": {"phase": "Pending"},
    }
    assert answers.volume(claim) is None
    claim["metadata"]["annotations"]["volume.kubernetes.io/selected-node"] = "watch-1"
    volume = answers.volume(claim)
    assert volume
    (term,) = volume["spec"]["nodeAffinity"]["required"]["nodeSelectorTerms"]
    assert term["matchExpressions"][0]["values"] == ["watch-1"]


def test_a_controller_tells_of_each_change_once() -> None:
    kind = "serving.knative.dev/v1/services"
    service: Object = {"metadata": {"generation": 1}}
    service["status"] = answers.told(kind, service)
    assert answers.told(kind, service) is None
    service["metadata"]["generation"] = 2
    assert answers.told(kind, service)
    database: Object = {"metadata": {}}
    database["status"] = answers.told("postgresql.cnpg.io/v1/clusters", database)
    assert answers.told("postgresql.cnpg.io/v1/clusters", database) is None


def _application(name: str, wave: int, *, made: int, synced: int | None) -> ArgoApplication:
    """One that was made and first synced at these seconds."""
    begin = datetime(2026, 11, 27, tzinfo=UTC)
    first = None if synced is None else begin + timedelta(seconds=synced)
    created = begin + timedelta(seconds=made)
    return ArgoApplication(name, wave, created, first, "Synced", "Healthy", "", {}, ())


def test_a_wave_that_does_not_wait_is_seen() -> None:
    below = _application("below", 1, made=0, synced=5)
    assert waves.too_early({"below": below, "above": _application("above", 2, made=5, synced=9)}) == []
    assert waves.too_early({"below": below, "above": _application("above", 2, made=4, synced=9)}) == ["above"]
    never = _application("never", 1, made=0, synced=None)
    assert waves.too_early({"never": never, "above": _application("above", 2, made=9, synced=9)}) == ["above"]


def test_an_application_says_what_holds_it_up() -> None:
    told = {
        "metadata": {"name": "eco2", "creationTimestamp": "2026-11-27T12:00:00Z"},
        "status": {
            "sync": {"status": "OutOfSync"},
            "health": {"status": "Missing"},
            "conditions": [{"message": "a comparison failed"}],
            "operationState": {
                "phase": "Failed",
                "message": "one or more objects failed",
                "syncResult": {
                    "resources": [
                        {"kind": "Role", "name": "reader", "status": "SyncFailed", "message": "not permitted"}
                    ]
                },
            },
            "resources": [{"kind": "Service", "name": "edge", "status": "OutOfSync"}],
        },
    }
    found = ArgoApplication.of(told)
    assert not found.settled
    assert [part for part in ("comparison", "objects failed", "reader: not permitted", "edge") if part in "\n".join(
        found.complaints)] == ["comparison", "objects failed", "reader: not permitted", "edge"]  # fmt: skip


def test_fitting_again_changes_nothing(made: Repository) -> None:
    before = {path: path.read_text() for path in (made.tree / "platform").rglob("*.yaml")}
    repository.fit(made.tree, made.url)
    assert {path: path.read_text() for path in (made.tree / "platform").rglob("*.yaml")} == before
