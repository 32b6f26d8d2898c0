"""Writes every generated file: `python -m schemas.generate` (a test fails when one differs).

func.yaml and pyproject.toml of each function, JSON Schemas of events, OpenAPI and AsyncAPI with their pages, and in
docs/ the tables of functions, events and settings, and the graph of the chat.
"""

from __future__ import annotations

import json
from pathlib import Path

from eventing.catalogue import registered
from functions.chat.graph.picture import page as graph_page
from functions.runtime.registry import load_all
from schemas.api_reference import api_reference
from schemas.asyncapi import asyncapi
from schemas.events_reference import events_reference
from schemas.func_yaml import PYPROJECT, func_yaml
from schemas.openapi import openapi
from schemas.pages import NOTE, events_page, functions_page, retention_page, settings_page

ROOT = Path(__file__).resolve().parents[1]
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def files() -> dict[Path, str]:
    """Every generated file: path below the repository → content."""
    functions = load_all()
    written: dict[Path, str] = {}
    for function in functions:
        folder = function.folder.relative_to(ROOT)
        written[folder / "func.yaml"] = f"# {NOTE}\n{func_yaml(function)}"
        written[folder / "pyproject.toml"] = f"# {NOTE}\n{PYPROJECT}"
    for name, data in registered().items():
        if data.__module__.startswith("functions."):
            schema = {"$schema": DIALECT, "$id": data.dataschema, **data.model_json_schema()}
            text = json.dumps(schema, ensure_ascii=False, indent=2, sort_keys=True)
            written[Path("schemas/events") / f"{name}.json"] = text + "\n"
    for name, document, page, drawn in (
        ("openapi", openapi(functions), "index", api_reference),
        ("asyncapi", asyncapi(functions), "events", events_reference),
    ):
        text = json.dumps(document, ensure_ascii=False, indent=2)
        written[Path(f"functions/ops/data/{name}.json")] = text + "\n"
        written[Path(f"functions/ops/data/reference/{page}.html")] = f"<!-- {NOTE} -->\n{drawn(document)}"
    written[Path("docs/functions.md")] = functions_page(functions)
    written[Path("docs/events.md")] = events_page(functions)
    written[Path("docs/retention.md")] = retention_page()
    written[Path("docs/settings.md")] = settings_page()
    written[Path("docs/chat-graph.md")] = graph_page()
    return written


def main() -> None:
    """Write the files."""
    for path, text in files().items():
        (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / path).write_text(text)


if __name__ == "__main__":
    main()
