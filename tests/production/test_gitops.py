"""What ArgoCD would make: waves, sources, rights, secrets that exist somewhere, and the digest that a release names."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from fleet.inventory import read_inventory
from gitops import releases

ROOT = Path(__file__).resolve().parents[2]
ARGOCD = ROOT / "platform/cluster/argocd"
Object = dict[str, Any]


def applications() -> list[Object]:
    return [yaml.safe_load(path.read_text()) for path in sorted((ARGOCD / "apps").glob("*.yaml"))]


def objects(folder: Path) -> list[Object]:
    return [each for path in sorted(folder.rglob("*.yaml")) for each in yaml.safe_load_all(path.read_text())]


def projects() -> dict[str, Object]:
    made = objects(ARGOCD / "bootstrap")
    return {each["metadata"]["name"]: each["spec"] for each in made if each["kind"] == "AppProject"}


def wave(application: Object) -> int:
    return int(application["metadata"]["annotations"]["argocd.argoproj.io/sync-wave"])


def test_waves_are_platform_then_infrastructure_then_applications() -> None:
    names = {each["metadata"]["name"]: wave(each) for each in applications()}
    assert all(
        0 <= names[name] <= 10
        for name in ("namespaces", "cert-manager", "external-secrets", "mesh", "secrets")
    )
    assert all(15 <= names[name] <= 32 for name in ("postgresql", "valkey", "rabbitmq", "knative-eventing"))
    assert names["eco2"] == 40
    assert names["external-secrets"] < names["secrets"] < names["postgresql"] < names["eco2"]
    assert names["istio-base"] < names["istiod"] < names["mesh"]


def test_every_namespace_comes_first_and_is_made_once() -> None:
    namespaces = {each["metadata"]["name"]: each for each in objects(ARGOCD / "namespaces")}
    used = {each["spec"]["destination"]["namespace"] for each in applications()}
    used |= {each["metadata"]["namespace"] for name in ("mesh", "secrets") for each in objects(ARGOCD / name)
             if "namespace" in each["metadata"]}  # fmt: skip
    assert used - {"default"} <= namespaces.keys()
    elsewhere = [each for folder in ARGOCD.iterdir() if folder.is_dir() for each in objects(folder)]
    made = [each["metadata"]["name"] for each in elsewhere if each.get("kind") == "Namespace"]
    assert sorted(made) == sorted(namespaces)
    base = next(yaml.safe_load_all((ROOT / "platform/knative/base/namespace.yaml").read_text()))
    mesh = {"istio.io/dataplane-mode": "ambient"}  # without Istio there is nothing to be taken into
    assert namespaces["eco2"]["metadata"]["labels"] == base["metadata"]["labels"] | mesh


def test_a_retry_takes_the_newest_commit_so_a_revert_need_not_wait() -> None:
    root = yaml.safe_load((ARGOCD / "bootstrap/root.yaml").read_text())
    assert all(each["spec"]["syncPolicy"]["retry"]["refresh"] for each in (root, *applications()))


def test_a_files_name_says_its_wave() -> None:
    for path in (ARGOCD / "apps").glob("*.yaml"):
        application = yaml.safe_load(path.read_text())
        assert path.name == f"{wave(application):02d}-{application['metadata']['name']}.yaml"


def test_an_applications_health_asks_for_synced_as_well() -> None:
    (settings,) = (each for each in objects(ARGOCD / "bootstrap") if each["kind"] == "ConfigMap")
    lua = settings["data"]["resource.customizations.health.argoproj.io_Application"]
    assert 'health.status == "Healthy" and sync.status == "Synced"' in lua


def test_sources_are_pinned_exist_and_belong_to_the_project() -> None:
    for application in applications():
        spec = application["spec"]
        assert spec["source"]["repoURL"] in projects()[spec["project"]]["sourceRepos"]
        if "chart" in spec["source"]:
            assert re.fullmatch(r"v?\d+\.\d+\.\d+", spec["source"]["targetRevision"])
        else:
            assert list((ROOT / spec["source"]["path"]).glob("*.yaml")), spec["source"]["path"]


def test_everything_heals_itself_and_only_the_platform_makes_roles() -> None:
    for application in applications():
        assert application["spec"]["syncPolicy"]["automated"] == {"prune": True, "selfHeal": True}
    own = projects()["eco2"]
    assert {each["namespace"] for each in own["destinations"]} == {"eco2", "rabbitmq"}
    assert {"group": "rbac.authorization.k8s.io", "kind": "*"} in own["namespaceResourceBlacklist"]
    assert "*" not in {each["kind"] for each in own["clusterResourceWhitelist"]}


def test_no_secret_is_in_git_and_each_has_its_place_in_terraform() -> None:
    assert not [each for each in objects(ARGOCD) if each["kind"] == "Secret"]
    places = (ROOT / "platform/cluster/terraform/modules/secrets/main.tf").read_text()
    for secret in (each for each in objects(ARGOCD / "secrets") if each["kind"] == "ExternalSecret"):
        keys = [row["remoteRef"]["key"] for row in secret["spec"].get("data", ())]
        keys += [row["extract"]["key"] for row in secret["spec"].get("dataFrom", ())]
        assert keys
        for key in keys:
            assert f'"{key.removeprefix("/eco2/")}"' in places, key


def test_the_mesh_is_strict_and_answers_without_a_certificate_at_webhooks_alone() -> None:
    peers = [each for each in objects(ARGOCD / "mesh") if each["kind"] == "PeerAuthentication"]
    assert all(each["spec"]["mtls"] == {"mode": "STRICT"} for each in peers)
    (everywhere,) = (each for each in peers if "selector" not in each["spec"])
    assert everywhere["metadata"]["namespace"] == "istio-system"  # its root: holds in every namespace
    clear = {port for each in peers for port in each["spec"].get("portLevelMtls", {})}
    assert clear == {"8443", "9443", "10250"}


def test_policies_are_for_namespaces_whose_pods_are_in_the_mesh() -> None:
    """Where nobody reads a policy it holds nobody back, and who asks for a certificate must be asked with one."""
    mesh = [each for each in objects(ARGOCD / "mesh") if each["kind"] != "DestinationRule"]
    for each in mesh:
        namespace = each["metadata"]["namespace"]
        if each["kind"] in {"Gateway", "VirtualService"}:
            assert namespace in injected()
        elif namespace != "istio-system":
            assert namespace in enrolled(), each["metadata"]
    assert {each["spec"]["action"] for each in mesh if "rules" in each["spec"]} == {"ALLOW"}
    guarded = {each["metadata"]["namespace"] for each in mesh if each["kind"] == "AuthorizationPolicy"}
    assert enrolled() - guarded == {
        "rabbitmq-system",
        "cnpg-system",
    }  # operators: they ask, and only webhooks answer


def test_a_policy_names_identities_and_ports_which_is_all_that_ztunnel_knows() -> None:
    for each in objects(ARGOCD / "mesh"):
        for rule in each["spec"].get("rules", ()) if each["kind"] == "AuthorizationPolicy" else ():
            assert rule.keys() <= {"from", "to"}
            assert all(one["source"].keys() <= {"namespaces", "principals"} for one in rule.get("from", ()))
            assert all(one["operation"].keys() == {"ports"} for one in rule.get("to", ()))


def test_nothing_waits_for_a_sidecar_and_whoever_has_one_may_reach_istiod() -> None:
    """A Job with a sidecar would not end, and one behind a default-deny policy would not begin."""
    assert not injected() & enrolled()
    assert injected() == {"istio-ingress"}  # the gateway's own Envoy
    everywhere = [each for folder in (ARGOCD, ROOT / "platform/cluster/observability", ROOT / "platform/knative")
                  for each in objects(folder) if isinstance(each, dict)]  # fmt: skip
    kinds = {"Job", "CronJob", "NetworkPolicy"}
    held = {each["metadata"].get("namespace") for each in everywhere if each.get("kind") in kinds}
    assert "eco2" in held
    assert not held & {"istio-ingress", "istio-system"}
    assert "sidecar.istio.io" not in "".join(path.read_text() for path in (ROOT / "platform").rglob("*.yaml"))


def test_the_parts_of_an_ambient_mesh_are_there_before_the_first_pod_of_it() -> None:
    charts = {
        each["spec"]["source"]["chart"]: each for each in applications() if "chart" in each["spec"]["source"]
    }
    parts = [charts[name] for name in ("base", "istiod", "cni", "ztunnel", "gateway")]
    assert len({each["spec"]["source"]["targetRevision"] for each in parts}) == 1
    for name in ("istiod", "cni"):
        assert charts[name]["spec"]["source"]["helm"]["valuesObject"]["profile"] == "ambient"
    first = min(
        wave(each) for each in applications() if each["spec"]["destination"]["namespace"] in enrolled()
    )
    assert max(wave(each) for each in parts) < first


def labelled(label: str, value: str) -> set[str]:
    namespaces = objects(ARGOCD / "namespaces")
    return {
        each["metadata"]["name"]
        for each in namespaces
        if each["metadata"].get("labels", {}).get(label) == value
    }


def enrolled() -> set[str]:
    return labelled("istio.io/dataplane-mode", "ambient")


def injected() -> set[str]:
    return labelled("istio-injection", "enabled")


def test_stateful_programs_stand_on_their_pool_and_there_is_room_for_them() -> None:
    placed = [each for each in objects(ARGOCD / "valkey") if each["kind"] == "StatefulSet"]
    assert {each["metadata"]["name"] for each in placed} == {"streams", "pubsub", "cache", "auth", "state"}
    parts = read_inventory().parts
    for each in placed:
        pod = each["spec"]["template"]["spec"]
        assert pod["nodeSelector"] == {"eco2/pool": "stateful"}
        asked = pod["containers"][0]["resources"]["requests"]["memory"]
        role = each["metadata"]["name"]
        assert asked == f"{parts[f'valkey {role}'].memory_mib}Mi"


@pytest.fixture
def bump() -> ModuleType:
    return releases.bump()


def test_a_release_names_the_functions_image_by_its_digest_and_nothing_else(bump: ModuleType) -> None:
    before = bump.OVERLAY.read_text()
    digest = "sha256:" + "a" * 64
    after = bump.bumped(before, "ghcr.io/eco2/functions", digest)
    images = {each["name"]: each for each in yaml.safe_load(after)["images"]}
    assert images["eco2.local/functions"] == {
        "name": "eco2.local/functions",
        "newName": "ghcr.io/eco2/functions",
        "digest": digest,
    }
    lines = list(zip(before.splitlines(), after.splitlines(), strict=True))
    assert sum(old != new for old, new in lines) == 2
    assert bump.bumped(after, "ghcr.io/eco2/functions", digest) == after
    with pytest.raises(ValueError, match="not a repository"):
        bump.bumped(before, "ghcr.io/eco2/functions", "latest")


def test_what_knatives_own_programs_write_is_not_written_by_git_again() -> None:
    """Else each takes it from the other: a wave is never over, and clocks stand still after every sync."""
    eventing = next(each["spec"] for each in applications() if each["metadata"]["name"] == "knative-eventing")
    (adapter,) = eventing["ignoreDifferences"]
    assert adapter["name"] == "pingsource-mt-adapter"
    assert adapter["jsonPointers"] == [
        "/spec/replicas",
        "/spec/template/spec/containers/0/env",
        "/metadata/generation",
    ]
    assert "RespectIgnoreDifferences=true" in eventing["syncPolicy"]["syncOptions"]
    serving = yaml.safe_load((ARGOCD / "knative-serving/kustomization.yaml").read_text())["patches"]
    removed = [each["target"]["name"] for each in serving if "/webhooks/0/rules" in each["patch"]]
    assert removed == ["webhook.serving.knative.dev|validation.webhook.serving.knative.dev"]


def test_what_the_cluster_adds_by_itself_is_no_difference() -> None:
    """Defaults of definitions and of webhooks: by the API server's own dry run, or a wave would never be synced."""
    for application in applications():
        options = application["metadata"]["annotations"]["argocd.argoproj.io/compare-options"]
        assert options == "ServerSideDiff=true,IncludeMutationWebhook=true"
