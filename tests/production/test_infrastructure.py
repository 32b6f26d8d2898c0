"""What `make infrastructure` stands on: the provider's schema, hosts' variables and locks fit what is checked."""

from __future__ import annotations

import json
import re
from pathlib import Path

import yaml
from checks import aws_schema, objects
from checks.__main__ import CHECKS
from localcluster.programs import CHECKERS, PROGRAMS, missing, program

CLUSTER = Path(__file__).resolve().parents[2] / "platform/cluster"


def test_the_schema_has_every_resource_of_the_modules_and_no_other() -> None:
    schema = json.loads((CLUSTER / "terraform/schema/aws.json").read_text())
    known = {(kind, name) for kind, types in schema.items() for name in types}
    assert aws_schema.used() == known, "write it again: python -m checks.aws_schema"


def test_the_schema_says_what_is_required_and_what_aws_tells() -> None:
    instance = json.loads((CLUSTER / "terraform/schema/aws.json").read_text())["resource"]["aws_instance"]
    assert instance["attributes"]["private_ip"]["computed"]
    assert instance["blocks"]["metadata_options"]["attributes"]["http_tokens"]["type"] == "string"
    vpc = json.loads((CLUSTER / "terraform/schema/aws.json").read_text())["resource"]["aws_subnet"]
    assert vpc["attributes"]["vpc_id"]["required"]


def test_playbooks_use_no_variable_of_hosts_that_terraform_does_not_tell() -> None:
    told = set(re.findall(r"\b(eco2_\w+)\s*=", (CLUSTER / "terraform/outputs.tf").read_text()))
    used: set[str] = set()
    for path in (*(CLUSTER / "ansible").rglob("*.yaml"), *(CLUSTER / "ansible").rglob("*.j2")):
        used |= set(re.findall(r"\b(eco2_\w+)\b", path.read_text()))
    assert used == told


def test_every_check_says_what_holds() -> None:
    assert len(CHECKS) == 19
    assert all((check.__doc__ or "").splitlines()[0].endswith((".", ")")) for check in CHECKS)


def test_checkers_are_no_part_of_a_cluster() -> None:
    assert not {each.module for each in CHECKERS} & {each.module for each in PROGRAMS}
    assert {each.name for each in missing(CHECKERS)} <= {
        "actionlint",
        "kubeconform",
        "awsschema",
        "collector",
        "mesh",
        "tofu",
    }
    assert program("tofu") == CHECKERS[-1].path


def test_every_object_is_looked_at() -> None:
    looked_at = {path.relative_to(CLUSTER).parts[0] for path in objects.objects()}
    assert looked_at == {"argocd", "observability"}
    kinds: set[str] = set()
    for path in objects.objects():
        for each in yaml.safe_load_all(path.read_text()):
            assert {"apiVersion", "kind", "metadata"} <= each.keys(), path
            kinds.add(each["kind"])
    assert {
        "Application",
        "ExternalSecret",
        "Cluster",
        "PeerAuthentication",
        "PrometheusRule",
        "PodMonitor",
    } <= kinds


def test_tools_from_pypi_come_with_their_hashes() -> None:
    lock = (CLUSTER / "checks/tools.lock").read_text()
    pinned = re.findall(r"^([a-z0-9_.-]+)==\S+ \\\n    --hash=sha256:", lock, re.MULTILINE)
    assert {"ansible-core", "ansible-lint", "checkov", "lupa", "zizmor"} <= set(pinned)
    assert len(pinned) == len(re.findall(r"^[a-z]\S*==", lock, re.MULTILINE))
