"""What is applied in place of `func deploy` is complete, typed and agrees with the platform's own objects."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import Any

import pytest
import yaml
from manifests import services
from manifests import triggers as ours
from manifests.func_deploy import Unsupported, main, read, service, triggers

from functions.runtime.declaration import EventFunction, Function
from functions.runtime.registry import load, load_all

IMAGE = "registry.example/eco2/functions@sha256:" + "ab" * 32
BUILT = datetime(2026, 11, 22, 20, 30, tzinfo=UTC)
ALL = pytest.mark.parametrize("function", load_all(), ids=lambda f: f.name)


def made(function: Function) -> Any:
    return service(read(function.folder), IMAGE, built=BUILT)


@ALL
def test_the_service_is_the_platforms_in_all_that_func_yaml_can_say(function: Function) -> None:
    found, wanted = made(function), services.service(function)
    assert found["metadata"]["name"] == wanted["metadata"]["name"] == function.name
    template, expected = found["spec"]["template"], wanted["spec"]["template"]
    for name in ("containerConcurrency", "serviceAccountName"):
        assert template["spec"][name] == expected["spec"][name]
    container, like = template["spec"]["containers"][0], expected["spec"]["containers"][0]
    assert container["image"] == IMAGE
    assert container["envFrom"] == like["envFrom"]
    secrets = {each["name"]: each["valueFrom"]["secretKeyRef"] for each in like["env"]}
    for each in container["env"]:
        if "valueFrom" in each:
            assert each["valueFrom"]["secretKeyRef"].items() <= secrets.pop(each["name"]).items()
    assert not secrets
    assert container["resources"] == like["resources"]
    assert container["securityContext"].items() <= like["securityContext"].items()
    for probe in ("livenessProbe", "readinessProbe"):
        assert container[probe]["httpGet"]["path"] == like[probe]["httpGet"]["path"]
    mounted = [mount["mountPath"] for mount in container.get("volumeMounts", [])]
    assert mounted == [mount["mountPath"] for mount in like.get("volumeMounts", [])]
    scaling = template["metadata"]["annotations"]
    for name in ("min-scale", "max-scale", "target"):
        written = expected["metadata"]["annotations"][f"autoscaling.knative.dev/{name}"]
        assert float(scaling[f"autoscaling.knative.dev/{name}"]) == float(written)
    pool = {services.POOL}  # a matter of the platform's nodes
    assert wanted["metadata"]["labels"].items() - found["metadata"]["labels"].items() <= {
        (name, wanted["metadata"]["labels"][name]) for name in pool
    }


@ALL
def test_its_triggers_have_names_and_filters_of_the_platforms_so_that_func_leaves_these_as_they_are(
    function: Function,
) -> None:
    wanted = ours.triggers(function) if isinstance(function, EventFunction) else []
    found = triggers(read(function.folder), uid="u-1")
    assert [each["metadata"]["name"] for each in found] == [each["metadata"]["name"] for each in wanted]
    for each, like in zip(found, wanted, strict=True):
        assert {**each["spec"], "delivery": like["spec"]["delivery"]} == like["spec"]
        assert each["metadata"]["ownerReferences"][0]["uid"] == "u-1"


def test_func_marks_what_it_deploys() -> None:
    found = made(load("auth-jwks"))
    labels = found["metadata"]["labels"]
    assert labels == found["spec"]["template"]["metadata"]["labels"]
    assert labels["function.knative.dev/name"] == "auth-jwks"
    assert labels["function.knative.dev/runtime"] == labels["boson.dev/runtime"] == "python"
    env = found["spec"]["template"]["spec"]["containers"][0]["env"]
    assert [each for each in env if not each["name"].startswith("ECO2_")] == [
        {"name": "BUILT", "value": "20261122T203000"},
        {"name": "ADDRESS", "value": "0.0.0.0"},
    ]


@pytest.mark.parametrize(
    ("env", "becomes"),
    [
        ({"name": "A", "value": "b"}, {"name": "A", "value": "b"}),
        (
            {"name": "A", "value": "{{ secret:s:k }}"},
            {"name": "A", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
        ),
        (
            {"name": "A", "value": "{{ configMap:c:k.x }}"},
            {"name": "A", "valueFrom": {"configMapKeyRef": {"name": "c", "key": "k.x"}}},
        ),
    ],
)
def test_an_environment_by_value_and_by_key(env: dict[str, str], becomes: dict[str, Any]) -> None:
    function = read(load("scan-rule").folder)
    function["run"]["envs"] = [env]
    container = service(function, IMAGE, built=BUILT)["spec"]["template"]["spec"]["containers"][0]
    assert container["env"][1] == becomes
    assert container["envFrom"] == []


@pytest.mark.parametrize(
    "run",
    [
        {"envs": [{"name": "A", "value": "{{ env:HOME }}"}]},
        {"envs": [{"value": "b"}]},
        {"envs": [], "volumes": [{"emptyDir": {}, "path": "/x"}]},
    ],
)
def test_what_it_does_not_know_it_says(run: dict[str, Any]) -> None:
    function = read(load("scan-rule").folder)
    function["run"] = run
    with pytest.raises(Unsupported, match="run"):
        service(function, IMAGE, built=BUILT)


def test_the_command_prints_objects_and_wants_a_digest(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(*arguments: str) -> Any:
        folder = str(load("users-seen").folder)
        monkeypatch.setattr(sys, "argv", ["func_deploy", folder, *arguments])
        main()
        (printed,) = yaml.safe_load_all(capsys.readouterr().out)
        return printed["kind"], printed["metadata"]["namespace"]

    assert run("--image", IMAGE, "--namespace", "mine") == ("Service", "mine")
    assert run("--triggers") == ("Trigger", "eco2")
    with pytest.raises(SystemExit, match="2"):
        run("--image", "registry.example/eco2/functions:latest")
    assert "by digest" in capsys.readouterr().err
