"""Kubernetes objects by kubeconform, with the schemas of the versions that the Applications name.

A schema is made of a definition of custom resources as its module has it, or of Kubernetes' own OpenAPI; what it
does not name is refused.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from localcluster.paths import cache
from localcluster.toolchain import downloaded

from checks import tools

CLUSTER = Path(__file__).resolve().parents[2]
MODULES = {  # module and version → where its definitions lie
    "github.com/argoproj/argo-cd/v3@v3.2.11": "manifests/crds",
    "github.com/cloudnative-pg/cloudnative-pg@v1.27.0": "config/crd/bases",
    "github.com/external-secrets/external-secrets@v0.16.2": "config/crds/bases",
    "github.com/prometheus-operator/prometheus-operator@v0.85.0": "example/prometheus-operator-crd",
    "istio.io/api@v1.28.0": "kubernetes",
}
KUBERNETES = "k8s.io/kubernetes@v1.34.4"
FOLDERS = ("argocd", "observability")
_TIMEOUT_S = 600
_NOT_OBJECTS = {"alertmanager.yaml", "kustomization.yaml", "collector-config.yaml", "jaeger-config.yaml"}


class _Loader(yaml.CSafeLoader):
    """YAML 1.1 takes a lone `=`, an operator in istio's and Prometheus' enumerations, for a value of its own."""


_Loader.add_constructor("tag:yaml.org,2002:value", lambda _loader, node: str(node.value))


def objects() -> list[Path]:
    """The files that hold Kubernetes objects."""
    found = [path for folder in FOLDERS for path in sorted((CLUSTER / folder).rglob("*.yaml"))]
    return [path for path in found if path.name not in _NOT_OBJECTS]


def conform() -> None:
    """Every object has the fields of its version, and no others."""
    _kubeconform(objects())


def refuses_an_unknown_field() -> None:
    """A field that an Application does not have is an error: the check can fail."""
    application = yaml.safe_load((CLUSTER / "argocd/apps/40-eco2.yaml").read_text())
    application["spec"]["syncPolicy"]["automatic"] = True
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        yaml.safe_dump(application, file)
        file.flush()
        try:
            _kubeconform([Path(file.name)])
        except subprocess.CalledProcessError as refusal:
            if "automatic" in refusal.stdout:
                return
    raise AssertionError("an unknown field was taken")


def _kubeconform(paths: list[Path]) -> None:
    location = str(schemas() / "{{.ResourceKind}}_{{.ResourceAPIVersion}}_{{.Group}}.json")
    command = [
        tools.built("kubeconform"),
        "-strict",
        "-summary",
        "-schema-location",
        location,
        *map(str, paths),
    ]
    subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=True)


def schemas() -> Path:
    """The folder of schemas, made once for these versions."""
    digest = hashlib.sha256(
        json.dumps([MODULES, KUBERNETES, Path(__file__).read_text()]).encode()
    ).hexdigest()[:12]
    folder = cache() / "bin" / f"schemas-{digest}"
    if folder.exists():
        return folder
    with tempfile.TemporaryDirectory(dir=cache() / "bin", prefix="schemas-") as unfinished:
        for kind, version, group, schema in (*_custom(), *_own()):
            name = f"{kind.lower()}_{version}_{group or version}.json"
            (Path(unfinished) / name).write_text(json.dumps(schema))
        Path(unfinished).rename(folder)
        Path(unfinished).mkdir()  # for the context's end
    return folder


def _custom() -> Iterator[tuple[str, str, str, Any]]:
    for module, below in MODULES.items():
        for path in sorted((downloaded(module) / below).rglob("*.yaml")):
            for each in yaml.load_all(path.read_text(), Loader=_Loader):
                if not isinstance(each, dict) or each.get("kind") != "CustomResourceDefinition":
                    continue
                for version in each["spec"]["versions"]:
                    schema = _strict(version["schema"]["openAPIV3Schema"])
                    for name in (
                        "apiVersion",
                        "kind",
                        "metadata",
                    ):  # which every object has, and some leave out
                        schema["properties"].setdefault(name, {})
                    yield each["spec"]["names"]["kind"], version["name"], each["spec"]["group"], schema


def _own() -> Iterator[tuple[str, str, str, Any]]:
    """Kubernetes' own kinds that are used here, with what they refer to put in."""
    definitions = json.loads((downloaded(KUBERNETES) / "api/openapi-spec/swagger.json").read_text())[
        "definitions"
    ]

    def whole(value: Any) -> Any:
        if isinstance(value, dict):
            if "$ref" in value:
                return whole(definitions[value["$ref"].removeprefix("#/definitions/")])
            return {key: whole(inner) for key, inner in value.items() if key != "description"}
        return [whole(each) for each in value] if isinstance(value, list) else value

    used = {
        (each["apiVersion"], each["kind"])
        for path in objects()
        for each in yaml.safe_load_all(path.read_text())
    }
    for definition in definitions.values():
        for named in definition.get("x-kubernetes-group-version-kind", ()):
            group, version, kind = named["group"], named["version"], named["kind"]
            if (f"{group}/{version}" if group else version, kind) in used:
                yield kind, version, group, _strict(whole(definition))


def _strict(schema: Any) -> Any:
    """The schema with unknown fields refused, except where it wants them kept, and without words."""
    if isinstance(schema, list):
        return [_strict(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    made = {
        key: _strict(value)
        for key, value in schema.items()
        if key != "description" or isinstance(value, dict)
    }
    if schema.get("x-kubernetes-int-or-string") or schema.get("format") == "int-or-string":
        made.pop("type", None)
        made.pop("format", None)
    keeps = schema.get("x-kubernetes-preserve-unknown-fields")
    if (
        schema.get("type") == "object"
        and "properties" in schema
        and "additionalProperties" not in schema
        and not keeps
    ):
        made["additionalProperties"] = False
    return made
