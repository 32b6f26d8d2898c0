"""The problems that callers may see: code → status and what it says, read from where functions raise them.

A problem's text is the one in the code, so an example in the documents is what a client really gets; the edge's own
come from its configuration. Those that have several texts are listed here.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from typing import Any

from edge.replies import problems
from functions.runtime.registry import ROOT

_CODE = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)+|INTERNAL|TIMEOUT")


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """A kind of problem: what its code, status and text are."""

    code: str
    status: int
    detail: str

    def example(self, path: str) -> dict[str, Any]:
        """A problem document of this kind."""
        return {
            "type": f"urn:eco2:problem:{self.code.lower().replace('_', '-')}",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
            "instance": path,
            "code": self.code,
            "request_id": "7f0c2b9d4e1a4f6b8c3d5e7f9a0b1c2d",
        }


OF_SEVERAL_TEXTS = (
    ProblemKind(
        "ORIGIN_NOT_ALLOWED", 403, "Pages of this origin may change nothing here; see ECO2_CORS_ORIGINS."
    ),
    ProblemKind("METHOD_NOT_ALLOWED", 405, "This path takes GET, HEAD, OPTIONS."),
    ProblemKind("BODY_TOO_LARGE", 413, "A request body holds at most 65536 bytes."),
    ProblemKind("HOST_UNKNOWN", 421, "This name is not served here; see ECO2_HOSTS."),
    ProblemKind("IMAGE_UNAVAILABLE", 503, "The picture can't be looked at now; try again."),
    ProblemKind("INTERNAL", 500, "Something went wrong on our side; the request id helps us to find it."),
    ProblemKind("NOT_FOUND", 404, "There is nothing with this id."),
    ProblemKind(
        "INVALID_STORE_CATEGORY", 400, "There is no store_category 'cafe'; there are all, refill_zero, …"
    ),
    ProblemKind("INVALID_PICKUP_CATEGORY", 400, "There is no pickup_category 'wood'; there are all, can, …"),
    ProblemKind("VALIDATION_FAILED", 422, "limit: Input should be less than or equal to 100"),
)


def problem_kind(code: str) -> ProblemKind:
    """The kind of a code. Raises KeyError for one that nobody raises."""
    return kinds()[code]


@cache
def kinds() -> dict[str, ProblemKind]:
    """Every kind, by code."""
    trees = [ast.parse(path.read_text()) for path in sorted(ROOT.glob("**/*.py"))]
    classes = {node.name: node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}
    of_the_edge = (ProblemKind(each.code, each.status, each.detail) for each in problems())
    found = {kind.code: kind for kind in (*of_the_edge, *OF_SEVERAL_TEXTS)}
    for tree in trees:
        for name, call in _raised(tree):
            status = _status(name, classes)
            code, detail = _words(call)
            if status and code and (detail or code not in found):
                found.setdefault(code, ProblemKind(code, status, detail))
                if not found[code].detail:
                    found[code] = ProblemKind(code, status, detail)
    return found


def _raised(tree: ast.AST, inside: str = "") -> Iterator[tuple[str, ast.Call]]:
    """Calls that make an error, with the class: `NotFound(...)`, and `super().__init__(...)` of one of its kind."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Call):
            match node.func:
                case ast.Name(id=name):
                    yield name, node
                case ast.Attribute(attr="__init__", value=ast.Call(func=ast.Name(id="super"))):
                    yield inside, node
        yield from _raised(node, node.name if isinstance(node, ast.ClassDef) else inside)


def _status(name: str, classes: dict[str, ast.ClassDef]) -> int | None:
    """The status of an error's class, its own or that of what it is a kind of."""
    while node := classes.get(name):
        for line in node.body:
            match line:
                case ast.Assign(targets=[ast.Name(id="status")], value=ast.Constant(value=int(status))):
                    return status
        bases = [base.id for base in node.bases if isinstance(base, ast.Name) and base.id in classes]
        name = bases[0] if bases else ""
    return None


def _words(call: ast.Call) -> tuple[str, str]:
    """Code and text of a call: `(code, detail)`, or `(detail, code=code)`."""
    named = next((each.value for each in call.keywords if each.arg == "code"), None)
    code, detail = (named, call.args[:1]) if named else (next(iter(call.args), None), call.args[1:2])
    match code:
        case ast.Constant(value=str(text)) if _CODE.fullmatch(text):
            return text, _text(detail[0]) if detail else ""
    return "", ""


def _text(node: ast.expr) -> str:
    """A text, with … for what is put in when it is raised."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(_text(part) or "…" for part in parts)
    return ""
