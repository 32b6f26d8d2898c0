"""The reference of events as a page for people: the AsyncAPI document drawn without a script."""

from __future__ import annotations

from collections import defaultdict
from typing import Any
from xml.etree.ElementTree import Element, SubElement, indent, tostring

Document = dict[str, Any]
_STYLE = """
:root { color-scheme: light dark; font: 16px/1.6 system-ui, sans-serif; }
body { margin: 0 auto; max-width: 62rem; padding: 1rem 1.25rem 4rem; overflow-wrap: anywhere; }
a { color: light-dark(#0b6e4f, #7be0a8); }
h2 { margin: 2.5rem 0 .25rem; font-size: 1.2rem; } h1 { margin-bottom: .25rem; }
code, pre { font-family: ui-monospace, monospace; font-size: .9em; }
.wide { overflow-x: auto; } table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .3rem .9rem .3rem 0; vertical-align: top; }
tr { border-bottom: 1px solid light-dark(#d5e0d0, #2b3d35); }
dt { font-weight: 600; } dd { margin: 0 0 .4rem; } .index { columns: 20rem; padding-left: 1.2rem; }
"""
_LINKS = (("/", "Console"), ("/api/v1/docs", "API"), ("/api/v1/asyncapi.json", "AsyncAPI document"))
_SCHEMAS = "#/components/schemas/"


def events_reference(document: Document) -> str:
    """The page of an AsyncAPI document of ours."""
    page = Element("html", lang="en")
    head, body = SubElement(page, "head"), SubElement(page, "body")
    SubElement(head, "meta", charset="utf-8")
    SubElement(head, "meta", name="viewport", content="width=device-width, initial-scale=1")
    _put(head, "title", document["info"]["title"])
    _put(head, "style", _STYLE)
    links = _put(SubElement(body, "header"), "nav", **{"aria-label": "Pages"})
    for address, name in _LINKS:
        _put(links, "a", name, href=address).tail = " "
    main = SubElement(body, "main")
    _put(main, "h1", document["info"]["title"])
    _put(main, "p", document["info"]["description"])
    index = SubElement(main, "ul", {"class": "index"})
    for name in document["channels"]:
        _put(SubElement(index, "li"), "a", name, href=f"#{name}")
    acting = _acting(document)
    payloads = set()
    for name, channel in document["channels"].items():
        message = channel["messages"]["event"]
        payload = message["payload"]["$ref"].removeprefix(_SCHEMAS)
        payloads.add(payload)
        section = _section(main, name, message["summary"])
        told = SubElement(section, "dl")
        _put(told, "dt", "Answered by")
        _put(told, "dd", ", ".join(acting["send", name]) or "– (published by a client, a clock or an outbox)")
        _put(told, "dt", "Taken by")
        _put(told, "dd", ", ".join(acting["receive", name]) or "–")
        _fields(section, document["components"]["schemas"][payload])
    _put(main, "h1", "What events hold")
    for name, schema in document["components"]["schemas"].items():
        if name not in payloads:
            _fields(_section(main, name, schema.get("description", "")), schema)
    indent(page)
    return f"<!doctype html>\n{tostring(page, 'unicode', method='html')}\n"


def _acting(document: Document) -> dict[tuple[str, str], list[str]]:
    """(action, channel) → functions."""
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for name, operation in document["operations"].items():
        channel = operation["channel"]["$ref"].removeprefix("#/channels/")
        found[operation["action"], channel].append(name.removesuffix(f"-{operation['action']}"))
    return found


def _put(parent: Element, tag: str, text: str = "", **attributes: str) -> Element:
    made = SubElement(parent, tag, attributes)
    made.text = text
    return made


def _section(main: Element, name: str, about: str) -> Element:
    section = SubElement(main, "section", id=name)
    _put(SubElement(section, "h2"), "code", name)
    _put(section, "p", about)
    return section


def _fields(section: Element, schema: Document) -> None:
    properties = schema.get("properties", {})
    if not properties:
        _kind(SubElement(section, "p"), schema)
        return
    wide = SubElement(section, "div", {"class": "wide", "tabindex": "0"})
    table = SubElement(wide, "table")
    head = SubElement(SubElement(table, "thead"), "tr")
    for name in ("field", "type", ""):
        _put(head, "th" if name else "td", name, **({"scope": "col"} if name else {}))
    rows = SubElement(table, "tbody")
    for name, field in properties.items():
        row = SubElement(rows, "tr")
        _put(SubElement(row, "td"), "code", name)
        _kind(SubElement(row, "td"), field)
        _put(row, "td", "required" if name in schema.get("required", ()) else "")


def _kind(cell: Element, schema: Document) -> None:
    """The type in words; other types are links."""
    parts = schema.get("anyOf") or [schema]
    for number, part in enumerate(parts):
        before = " or " if number else ""
        inner, lists = part, ""
        while inner.get("type") == "array":
            inner, lists = inner.get("items", {}), f"{lists}list of "
        if "$ref" in inner:
            name = inner["$ref"].removeprefix(_SCHEMAS)
            _add(cell, before + lists)
            _put(cell, "a", name, href=f"#{name}")
        else:
            _add(cell, before + lists + _simple(inner))


def _simple(schema: Document) -> str:
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    if "const" in schema:
        return str(schema["const"])
    name = str(schema.get("type", "anything"))
    return f"{name} ({schema['format']})" if "format" in schema else name


def _add(cell: Element, text: str) -> None:
    """Text after what is in the cell already."""
    if len(cell):
        cell[-1].tail = (cell[-1].tail or "") + text
    else:
        cell.text = (cell.text or "") + text
