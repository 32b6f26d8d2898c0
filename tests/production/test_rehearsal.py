"""The rehearsal of production, as far as it needs neither root nor machines: what it reads, serves and undoes."""

from __future__ import annotations

import hashlib
import json
import shutil
import threading
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self

import pytest
import yaml
from gitops import releases, remotes
from gitops.repository import APPS
from localcluster.archive import Config, Image, write_image
from localcluster.errors import ClusterError
from localcluster.layers import Member, write_layer
from localcluster.programs import program
from localcluster.progress import Progress
from rehearsal import (
    beside,
    cgroups,
    chain,
    content,
    delivery,
    images,
    inventory,
    machines,
    network,
    packages,
    platform_images,
    pods,
    preflight,
    scan,
    scanning,
    serving,
    site,
    stores,
    versions,
)
from rehearsal.machine import MACHINES, Machine
from rehearsal.paths import CLUSTER
from rehearsal.registry import Registry
from rehearsal.stage import Stage

from cli.errors import CliError

ROOT = CLUSTER.parents[1]
TOLD = """
all:
  vars: {eco2_kubernetes: "1.34.4", eco2_api_endpoint: api.example:6443}
  children:
    control_plane:
      vars: {eco2_pool: control-plane}
      hosts: {control-plane-1: {ansible_host: 10.40.0.1, eco2_zone: a}, control-plane-2: {ansible_host: 10.40.0.2}}
    worker_ai:
      vars: {eco2_taints: ["eco2/pool=worker-ai:NoSchedule"]}
      hosts: {worker-ai-1: {ansible_host: 10.40.0.3, eco2_zone: b, eco2_data_disk: /dev/sdf}}
    watch:
      hosts: {watch-1: {ansible_host: 10.40.0.4}}
"""


def test_the_rehearsed_inventory_is_terraforms_with_fewer_machines_at_other_addresses() -> None:
    chosen = (Machine("control-plane-1", "10.98.0.11"), Machine("worker-ai-1", "10.98.0.13"))
    told = yaml.safe_load(inventory.cut(TOLD, chosen))["all"]
    pools = told["children"]
    assert pools["worker_ai"]["vars"] == {"eco2_taints": ["eco2/pool=worker-ai:NoSchedule"]}
    assert pools["worker_ai"]["hosts"] == {
        "worker-ai-1": {"ansible_host": "10.98.0.13", "eco2_zone": "b", "eco2_data_disk": ""}
    }
    assert list(pools["control_plane"]["hosts"]) == ["control-plane-1"]
    assert pools["watch"]["hosts"] == {}
    assert told["vars"] == {"eco2_kubernetes": "1.34.4", "eco2_api_endpoint": "10.98.0.11:6443"}


def test_a_machine_that_terraform_does_not_tell_of_is_an_error() -> None:
    with pytest.raises(KeyError, match="worker-ai-9"):
        inventory.cut(TOLD, (Machine("worker-ai-9", "10.98.0.19"),))


def test_rehearsed_are_pools_with_and_without_a_taint() -> None:
    pools = yaml.safe_load((CLUSTER / "inventory/inventory.yaml").read_text())["pools"]
    assert {machine.pool for machine in MACHINES} <= pools.keys()
    assert {bool(pools[machine.pool]["taints"]) for machine in MACHINES} == {True, False}


def test_changes_are_those_of_the_last_run() -> None:
    recap = "PLAY RECAP ****\n{}\n"
    first = "a-1 : ok=21   changed=17   unreachable=0    failed=0    skipped=8    rescued=0    ignored=0"
    second = "a-1 : ok=19   changed=0    unreachable=0    failed=0    skipped=9    rescued=0    ignored=0"
    assert site.changes(recap.format(first)) == {"a-1": 17}
    assert site.changes(recap.format(first) + recap.format(second)) == {"a-1": 0}


def test_an_image_that_kubeadm_asks_for_has_its_programs() -> None:
    found = images.wanted("registry.k8s.io/coredns/coredns:v1.12.1\nregistry.k8s.io/etcd:3.6.5-0\n")
    assert [(each.name, each.tag) for each in found] == [("coredns/coredns", "v1.12.1"), ("etcd", "3.6.5-0")]
    assert list(found[1].programs) == ["etcd", "etcdctl", "etcdutl"]
    with pytest.raises(KeyError, match="konnectivity"):
        images.wanted("registry.k8s.io/konnectivity:v1")


@pytest.mark.parametrize(
    ("version", "steps"),
    [
        ("1.34.4", ("1.34.3", "1.34.4")),
        ("1.35.0", ("1.35.0", "1.35.1")),
        ("1.34.10", ("1.34.10", "1.34.11")),
    ],
)
def test_an_upgrade_goes_to_the_neighbour_of_the_same_length(version: str, steps: tuple[str, str]) -> None:
    assert versions.pair(version) == steps


def test_what_is_built_is_what_the_inventory_names() -> None:
    told = yaml.safe_load((CLUSTER / "inventory/inventory.yaml").read_text())
    assert versions.built() == told["kubernetes"]
    assert versions.numbered("coredns", "1.12.1") == program("coredns")


def test_a_list_of_packages_is_told_with_its_digest() -> None:
    told = packages.release(b"Package: a", datetime(2026, 11, 27, 18, 0, tzinfo=UTC))
    assert "Date: Fri, 27 Nov 2026 18:00:00 UTC\n" in told
    assert told.endswith(f"SHA256:\n {hashlib.sha256(b'Package: a').hexdigest()} 10 Packages\n")


def test_a_machine_has_its_cloud_s_name_until_it_gets_the_inventory_s() -> None:
    machine = Machine("worker-ai-1", "10.98.0.13")
    command = machines.command(machine, Path("/there"))
    assert "--hostname=ip-10-98-0-13" in command
    assert "--private-network" in command
    assert "--directory=/there/root" in command
    assert "Address=10.98.0.13/24" in machines.network_file(machine)


def test_a_pod_tolerates_only_where_it_is_said() -> None:
    selector = {"eco2/pool": "worker-ai"}
    specs = [
        json.loads(json.dumps(pods.pod("p", selector, tolerated=each)))["spec"] for each in (True, False)
    ]
    assert [len(spec["tolerations"]) for spec in specs] == [1, 0]
    assert all(spec["nodeSelector"] == selector for spec in specs)
    assert '"subnet": "10.244.1.0/24"' in pods.plugins("10.244.1.0/24")


def test_a_taint_is_told_as_the_inventory_writes_it() -> None:
    effect = {"effect": "NoSchedule"}
    assert pods.taint({"key": "eco2/pool", "value": "watch", **effect}) == "eco2/pool=watch:NoSchedule"
    assert pods.taint({"key": "a/control-plane", **effect}) == "a/control-plane:NoSchedule"


def test_a_machine_with_cgroups_of_version_2_alone_has_no_hierarchies(tmp_path: Path) -> None:
    (tmp_path / "pids").mkdir()
    (tmp_path / "pids/cgroup.procs").touch()
    (tmp_path / "notes").mkdir()
    assert cgroups.hierarchies(tmp_path) == [tmp_path / "pids"]
    (tmp_path / "cgroup.procs").touch()
    assert cgroups.hierarchies(tmp_path) == []


def test_without_root_it_is_said_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert preflight.lacking() == "A rehearsal boots machines, and so needs root."


@pytest.mark.parametrize("link", [stores, delivery])
def test_what_runs_beside_another_cluster_is_left_alone(link: chain.Link) -> None:
    with pytest.raises(ClusterError, match="set ECO2_CLUSTER_NAME=eco2-rehearsal"):
        link.undo(Stage(print))


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the rehearsed repository holds, without Go modules and images."""
    parts = {
        "cluster-operator.yml": ["CustomResourceDefinition", "Deployment"],
        "kourier.yaml": ["Deployment", "MutatingWebhookConfiguration"],
    }
    made = {name: partial(map, _object, parts.get(name, ())) for name in remotes._MANIFESTS}
    monkeypatch.setattr(remotes, "_MANIFESTS", made)
    monkeypatch.setattr(platform_images, "reference", lambda name: f"eco2.local/{name}@sha256:{'0' * 64}")
    for name in ("cluster/argocd", "knative"):
        shutil.copytree(ROOT / "platform" / name, tmp_path / "platform" / name)
    content.fit(tmp_path, "file:///platform.git")
    return tmp_path


def _object(kind: str) -> dict[str, object]:
    pod = {"containers": [{"name": "it", "image": "ko://knative.dev/net-kourier/cmd/kourier"}]}
    spec = {"spec": {"template": {"spec": pod}}} if kind == "Deployment" else {}
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": kind.lower()}, **spec}


def _kinds(path: Path) -> list[str]:
    return [each["kind"] for each in yaml.safe_load_all(path.read_text())]


def test_the_machines_get_productions_applications_without_what_is_beside_them(tree: Path) -> None:
    sources = {
        path.stem: yaml.safe_load(path.read_text())["spec"]["source"] for path in (tree / APPS).glob("*.yaml")
    }
    assert sorted(sources) == sorted(content.APPLICATIONS)
    assert {each["repoURL"] for each in sources.values()} == {"file:///platform.git"}
    assert all(list((tree / each["path"]).glob("*.yaml")) for each in sources.values())
    assert sources["40-eco2"]["path"] == content.OVERLAY
    argocd = tree / "platform/cluster/argocd"
    assert _kinds(argocd / "rabbitmq/cluster/cluster-operator.yml") == ["CustomResourceDefinition"]
    kourier = argocd / "knative-serving/kourier.yaml"
    assert _kinds(kourier) == ["Deployment", "MutatingWebhookConfiguration"]  # somebody answers it here
    assert f"eco2.local/kourier@sha256:{'0' * 64}" in kourier.read_text()


def test_the_machines_overlay_has_productions_order_and_takes_a_release(tree: Path) -> None:
    overlay = tree / content.OVERLAY / "kustomization.yaml"
    text = overlay.read_text()
    made, prod = (
        yaml.safe_load(each)
        for each in (text, (ROOT / "platform/knative/overlays/prod/kustomization.yaml").read_text())
    )
    own = [each for each in made["patches"] if "path" in each]
    assert all(each in prod["patches"] for each in own)
    assert all((overlay.parent / each["path"]).exists() for each in own)
    released = yaml.safe_load(releases.bump().bumped(text, "eco2.local/functions", f"sha256:{'a' * 64}"))
    assert [each["digest"][-1] for each in released["images"]] == ["a", "0"]


def test_a_scan_is_judged_by_its_stream_and_its_result() -> None:
    found = {"classification_result": {"classification": {"middle_category": "유리병"}}}
    result = {"status": "completed", "pipeline_result": found}
    events = ["vision", "rule", "answer", "reward", "done"]
    scan.judge({"events": events, "result": result})
    for wrong in (events[:-1], ["done"], []):
        with pytest.raises(ClusterError, match="the stream told"):
            scan.judge({"events": wrong, "result": result})
    with pytest.raises(ClusterError, match="the scan is failed"):
        scan.judge({"events": events, "result": result | {"status": "failed"}})


def test_a_client_asks_again_until_its_patience_is_over() -> None:
    answers: list[Exception | str] = [CliError("504"), "there"]

    def ask() -> str:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    assert scanning.insist(ask, every_s=0) == "there"
    answers = [CliError("504"), CliError("503")]
    with pytest.raises(CliError, match="504"):
        scanning.insist(ask, patience_s=-1)


class Recorded:
    """A link that notes what is asked of it."""

    def __init__(self, name: str, notes: list[str], *, fails: bool = False) -> None:
        self.__name__ = name
        self._notes, self._fails = notes, fails

    def run(self, stage: Stage, /) -> str:
        """It holds."""
        self._notes.append(f"run {self.__name__}")
        if self._fails:
            raise ClusterError("no")
        return "seen"

    def undo(self, stage: Stage, /) -> None:
        """It is gone."""
        self._notes.append(f"undo {self.__name__}")


def test_every_link_is_undone_the_last_first_whatever_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(chain, "STATE", tmp_path / "state")
    monkeypatch.setattr(cgroups, "left", list)  # a rehearsal may be running here
    monkeypatch.setattr(network, "NAMESPACE", tmp_path / "namespace")
    monkeypatch.setattr(beside, "STATE", tmp_path / "beside")
    notes: list[str] = []
    links = [Recorded("a", notes), Recorded("b", notes, fails=True), Recorded("c", notes)]
    assert chain.rehearse(Progress(), links) == ["b: no"]
    undone = ["undo c", "undo b", "undo a"]
    assert notes == [*undone, "run a", "run b", *undone]  # first of all what a killed one has left
    assert not (tmp_path / "state").exists()
    assert "It holds. (seen)" in capsys.readouterr().out


def test_every_link_says_what_holds_after_it() -> None:
    assert all((link.run.__doc__ or "").splitlines()[0].endswith(".") for link in chain.LINKS)


@pytest.fixture
def image(tmp_path: Path) -> Image:
    """An image of one small file."""
    layer = write_layer("files", [Member("a", b"content")], tmp_path / "layer.tar", compress=False)
    return write_image(tmp_path / "images", "registry.k8s.io/pause", (layer,), Config(entrypoint=("/a",)))


class Served:
    """A handler behind a port of this machine, while entered."""

    def __init__(self, handler: type[BaseHTTPRequestHandler]) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)

    def ask(self, method: str, path: str, body: bytes | None = None, host: str = "x") -> tuple[int, bytes]:
        """Status and body of an answer."""
        with closing(HTTPConnection("127.0.0.1", self._server.server_port, timeout=10)) as connection:
            connection.request(method, path, body, {"Host": host})
            answer = connection.getresponse()
            return answer.status, answer.read()


def test_an_archive_is_pulled_as_from_a_registry(
    image: Image, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving.Sources, "registry", Registry({"pause:3.10.1": image.archive}), raising=False)
    monkeypatch.setattr(serving, "SITE", tmp_path / "site")
    (tmp_path / "site/debian").mkdir(parents=True)
    (tmp_path / "site/debian/Release").write_text("signed")
    (tmp_path / "secret").write_text("not for others")
    layer = image.layers[0]
    with Served(serving.Sources) as sources:
        status, body = sources.ask("GET", "/v2/pause/manifests/3.10.1?ns=registry.k8s.io")
        assert (status, json.loads(body)["layers"][0]["digest"]) == (200, layer.digest)
        assert sources.ask("GET", f"/v2/pause/manifests/{image.digest}") == (200, body)
        assert sources.ask("HEAD", f"/v2/pause/manifests/{image.digest}") == (200, b"")
        assert sources.ask("GET", f"/v2/pause/blobs/{layer.digest}") == (200, layer.path.read_bytes())
        assert sources.ask("GET", "/v2/pause/manifests/3.9")[0] == 404
        assert sources.ask("GET", "/v2/")[0] == 200
        assert sources.ask("GET", "/debian/Release") == (200, b"signed")
        assert sources.ask("GET", "/debian/../../secret")[0] == 404


def test_the_bucket_gives_what_it_took(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "BUCKET", tmp_path)
    host = "eco2-backups.s3.ap-northeast-2.amazonaws.com"
    with Served(serving.Bucket) as bucket:
        assert bucket.ask("GET", "/etcd/a.db", host=host)[0] == 404
        assert bucket.ask("PUT", "/etcd/a.db", b"snapshot", host=host)[0] == 200
        assert bucket.ask("GET", "/etcd/a.db", host=host) == (200, b"snapshot")
    assert (tmp_path / "eco2-backups/etcd/a.db").read_bytes() == b"snapshot"
