"""Every func.yaml has the documented fields in their documented form, and what has not is refused."""

from __future__ import annotations

import json
import tomllib
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from functions.runtime.declaration import Function
from functions.runtime.registry import load, load_all
from schemas.generate import ROOT

SCHEMA = json.loads((ROOT / "schemas/func.schema.json").read_text())
GOOD = """
specVersion: 0.36.0
name: scan-vision
namespace: eco2
runtime: python
image: registry.example/eco2/functions:1
registry: registry.example/eco2
created: '2026-11-22T00:00:00Z'
invoke: cloudevent
build:
  builder: pack
  builderImages: {pack: 'registry.example/builder:full'}
  buildpacks: [docker.io/paketobuildpacks/python]
  buildEnvs: [{name: PIP_FIND_LINKS, value: /workspace/wheels}]
run:
  envs: [{name: A, value: b}, {value: '{{ secret:eco2-secrets }}'}]
  volumes: [{secret: keys, path: /keys}, {emptyDir: {medium: Memory, sizeLimit: 1Mi}, path: /tmp}]
  startTimeout: 30s
deploy:
  namespace: eco2
  image: registry.example/eco2/functions@sha256:0000000000000000000000000000000000000000000000000000000000000000
  annotations: {a/b: c}
  labels: [{key: a/b, value: c}]
  healthEndpoints: {liveness: /health/live, readiness: /health/ready}
  serviceAccountName: functions
  options:
    scale: {min: 0, max: 10, metric: concurrency, target: 100, utilization: 70}
    resources:
      requests: {cpu: 50m, memory: 96Mi}
      limits: {cpu: '1', memory: 512Mi, concurrency: 100}
  subscriptions: [{source: default, filters: {type: eco2.scan.requested}}]
"""


def wrong(document: Any) -> list[str]:
    return [error.json_path for error in Draft202012Validator(SCHEMA).iter_errors(document)]


def changed(path: str, value: object) -> Any:
    document = yaml.safe_load(GOOD)
    *way, last = path.split(".")
    at = document
    for step in way:
        at = at[int(step) if step.isdigit() else step]
    at[last] = value
    return document


def test_the_schema_is_one_and_takes_every_documented_field() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert wrong(yaml.safe_load(GOOD)) == []


@pytest.mark.parametrize("function", load_all(), ids=lambda f: f.name)
def test_every_function_has_a_valid_one(function: Function) -> None:
    document = yaml.safe_load((function.folder / "func.yaml").read_text())
    assert wrong(document) == []
    assert document["name"] == function.name
    assert {"key": "networking.knative.dev/visibility", "value": "cluster-local"} in document["deploy"][
        "labels"
    ]


@pytest.mark.parametrize(
    ("name", "filters"),
    [
        ("scan-categories", []),
        ("ops-quarantine", []),
        ("users-seen", [{"type": "eco2.auth.session.opened"}]),
        ("ops-redrive", [{"type": "dev.knative.sources.ping", "tick": "eco2.ops.redrive.requested"}]),
        ("scan-vision", [{"type": "eco2.scan.requested", "shard": str(shard)} for shard in range(4)]),
    ],
)
def test_a_function_subscribes_to_what_triggers_it(name: str, filters: list[dict[str, str]]) -> None:
    document = yaml.safe_load((load(name).folder / "func.yaml").read_text())
    found = document["deploy"].get("subscriptions", [])
    assert found == [{"source": "default", "filters": each} for each in filters]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("replicas", 1),
        ("build.dockerfile", "Dockerfile"),
        ("run.args", []),
        ("deploy.replicas", 1),
        ("deploy.options.scale.window", "60s"),
        ("deploy.subscriptions.0.retry", 5),
        ("name", "scan_vision"),
        ("created", yaml.safe_load("2026-11-22T00:00:00Z")),  # without quotes it is a date
        ("created", "yesterday"),
        ("invoke", "event"),
        ("build.builder", "docker"),
        ("build.buildEnvs.0.value", 1),
        ("run.envs", [{"value": "not a secret"}]),
        ("run.envs", {"A": "b"}),
        ("run.volumes", [{"secret": "keys"}]),
        ("run.volumes", [{"secret": "a", "configMap": "b", "path": "/x"}]),
        ("deploy.image", "registry.example/eco2/functions@sha256:12"),
        ("deploy.labels", {"a": "b"}),
        ("deploy.healthEndpoints.liveness", "health"),
        ("deploy.options.scale.min", "0"),
        ("deploy.options.scale.max", -1),
        ("deploy.options.scale.metric", "cpu"),
        ("deploy.options.scale.utilization", 200),
        ("deploy.options.resources.limits.cpu", 1),
        ("deploy.options.resources.limits.memory", "512MB"),
        ("deploy.options.resources.limits.concurrency", "100"),
        ("deploy.subscriptions.0.filters", ["eco2.scan.requested"]),
    ],
)
def test_what_func_would_refuse_or_misread_is_refused_where_it_is(path: str, value: object) -> None:
    findings = wrong(changed(path, value))
    assert findings
    way = path.split(".")
    where = "$" + "".join(f".{step}" for step in way[:-1])
    assert all(finding.replace("[", ".").startswith(where) for finding in findings)


@pytest.mark.parametrize("name", SCHEMA["required"])
def test_what_is_needed_is_needed(name: str) -> None:
    document = yaml.safe_load(GOOD)
    del document[name]
    assert wrong(document) == ["$"]


@pytest.mark.parametrize("function", load_all(), ids=lambda f: f.name)
def test_every_folder_is_a_package_that_funcs_build_installs(function: Function) -> None:
    project = tomllib.loads((function.folder / "pyproject.toml").read_text())
    assert (project["project"]["name"], project["project"]["dependencies"]) == ("function", ["eco2"])
    shipped = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert {path.name for path in function.folder.glob("*.*")} - {"__init__.py", "pyproject.toml"} == set(
        shipped
    )
