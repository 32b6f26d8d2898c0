"""Terraform by OpenTofu: format, the provider's schema, tests, and the inventory that Ansible would get."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from checks import tools

CLUSTER = Path(__file__).resolve().parents[2]
PROVIDER = "registry.opentofu.org/hashicorp/aws/6.62.0/linux_amd64"
EXAMPLE = (
    "domain=eco2.example",
    'admin_cidrs=["203.0.113.7/32"]',
    "ssh_public_key=ssh-ed25519 x",
    "ami=ami-0",
)
TIMEOUT_S = 300
PLAYBOOKS = ("site.yaml", "upgrade.yaml", "etcd-restore.yaml")


@dataclass(frozen=True, slots=True)
class Workspace:
    """A copy of the modules, with the schema's provider and a state of its own."""

    folder: Path
    environment: dict[str, str]

    @classmethod
    @contextmanager
    def made(cls) -> Iterator[Workspace]:
        """Initialised; removed at the end."""
        with tempfile.TemporaryDirectory(prefix="eco2-terraform-") as name:
            root = Path(name)
            mirror = root / "mirror" / PROVIDER
            mirror.mkdir(parents=True)
            shutil.copy(tools.built("awsschema"), mirror / "terraform-provider-aws_v6.62.0")
            shutil.copytree(CLUSTER / "terraform", root / "cluster/terraform")
            shutil.copytree(CLUSTER / "inventory", root / "cluster/inventory")
            config = root / "tofu.rc"
            config.write_text(
                f'provider_installation {{\n  filesystem_mirror {{ path = "{root / "mirror"}" }}\n}}\n'
            )
            folder = root / "cluster/terraform"
            (folder / "backend_override.tf").write_text('terraform {\n  backend "local" {}\n}\n')
            schema = str(folder / "schema/aws.json")
            workspace = cls(
                folder,
                {
                    **os.environ,
                    "TF_CLI_CONFIG_FILE": str(config),
                    "ECO2_AWS_SCHEMA": schema,
                    "TF_IN_AUTOMATION": "1",
                },
            )
            workspace.run("init", "-input=false")
            yield workspace

    def run(self, *arguments: str) -> str:
        """What a command prints. Raises CalledProcessError with what it complained of."""
        return subprocess.run(
            [tools.built("tofu"), *arguments, *(() if arguments[0] in {"fmt", "output"} else ("-no-color",))],
            cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=TIMEOUT_S, check=True,
        ).stdout  # fmt: skip

    def hosts(self) -> str:
        """The inventory that Ansible gets, in YAML, with made-up addresses."""
        variables = [argument for each in EXAMPLE for argument in ("-var", each)]
        targets = ("-target=module.nodes", "-target=module.backups")
        self.run("apply", "-auto-approve", "-input=false", *variables, *targets)
        return self.run("output", "-raw", "ansible_inventory")


def formatted() -> None:
    """Every file is as `tofu fmt` writes it."""
    command = [tools.built("tofu"), "fmt", "-check", "-recursive", "-diff", str(CLUSTER / "terraform")]
    subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=True)


def valid_and_tested() -> None:
    """The modules are what the provider's schema takes, and their tests pass."""
    with Workspace.made() as workspace:
        workspace.run("validate")
        workspace.run("test")


def refuses_what_the_schema_does_not_have() -> None:
    """An attribute that AWS's load balancer does not have is an error: the check can fail."""
    with Workspace.made() as workspace:
        edge = workspace.folder / "modules/edge/main.tf"
        edge.write_text(edge.read_text().replace("idle_timeout ", "idle_timeouts"))
        try:
            workspace.run("validate")
        except subprocess.CalledProcessError as refusal:
            if "idle_timeouts" in refusal.stdout + refusal.stderr:
                return
        raise AssertionError("an unknown attribute was taken")


def hosts_are_the_inventorys() -> None:
    """Ansible takes what Terraform tells: every node with its pool's labels and taints, and hosts for every play."""
    wanted = yaml.safe_load((CLUSTER / "inventory/inventory.yaml").read_text())["pools"]
    with Workspace.made() as workspace:
        file = workspace.folder / "hosts.yaml"
        file.write_text(workspace.hosts())
        told = json.loads(_ansible("ansible-inventory", "-i", str(file), "--list"))
        plays = _ansible("ansible-playbook", "-i", str(file), "--list-hosts", *PLAYBOOKS)
    for name, pool in wanted.items():
        hosts = told[name.replace("-", "_")]["hosts"]
        assert len(hosts) == pool["nodes"]["least"], name
        for host in hosts:
            variables = told["_meta"]["hostvars"][host]
            assert variables["eco2_labels"] == pool["labels"], host
            assert variables["eco2_taints"] == pool["taints"], host
    counts = [int(count) for count in re.findall(r"hosts \((\d+)\):", plays)]
    assert counts, plays
    assert all(counts), plays


def _ansible(program: str, *arguments: str) -> str:
    command = [tools.installed(program), *arguments]
    return subprocess.run(
        command, cwd=CLUSTER / "ansible", capture_output=True, text=True, timeout=TIMEOUT_S, check=True
    ).stdout


def keeps_to_policies() -> None:
    """Nothing is built that checkov's rules forbid, except where a comment in the resource says why."""
    _checkov(CLUSTER / "terraform")
    with tempfile.TemporaryDirectory(prefix="eco2-policies-") as name:
        copy = Path(shutil.copytree(CLUSTER / "terraform", Path(name) / "terraform"))
        edge = copy / "modules/edge/main.tf"
        edge.write_text(edge.read_text().replace("drop_invalid_header_fields = true", ""))
        try:
            _checkov(copy, "--check", "CKV_AWS_131")
        except subprocess.CalledProcessError as refusal:
            if "aws_lb.door" in refusal.stdout:
                return
        raise AssertionError("a load balancer that takes malformed headers was taken")


def _checkov(folder: Path, *more: str) -> None:
    command = [tools.installed("checkov"), "--directory", str(folder), "--framework", "terraform"]
    command += ["--skip-download", "--compact", "--quiet", *more]
    subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=True)
