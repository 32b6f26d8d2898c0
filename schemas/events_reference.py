"""The reference of events as a page for people: the AsyncAPI document drawn without a script."""

from __future__ import annotations

from collections import defaultdict
from xml.etree.ElementTree import Element, SubElement

from schemas.reference import SCHEMAS, Document, fields, page, put, words, written

_LINKS = (("/", "Console"), ("/api/v1/docs", "API"), ("/api/v1/asyncapi.json", "AsyncAPI document"))


def events_reference(document: Document) -> str:
    """The page of an AsyncAPI document of ours."""
    made, main = page(document["info"]["title"], document["info"]["description"], _LINKS)
    index = SubElement(main, "ul", {"class": "index"})
    for name in document["channels"]:
        put(SubElement(index, "li"), "a", name, href=f"#{name}")
    acting = _acting(document)
    payloads = set()
    for name, channel in document["channels"].items():
        message = channel["messages"]["event"]
        payload = message["payload"]["$ref"].removeprefix(SCHEMAS)
        payloads.add(payload)
        section = _section(main, name, message["summary"])
        told = SubElement(section, "dl")
        put(told, "dt", "Answered by")
        put(told, "dd", ", ".join(acting["send", name]) or "– (published by a client, a clock or an outbox)")
        put(told, "dt", "Taken by")
        put(told, "dd", ", ".join(acting["receive", name]) or "–")
        fields(section, document["components"]["schemas"][payload])
    put(main, "h1", "What events hold")
    for name, schema in document["components"]["schemas"].items():
        if name not in payloads:
            fields(_section(main, name, schema.get("description", "")), schema)
    return written(made)


def _acting(document: Document) -> dict[tuple[str, str], list[str]]:
    """(action, channel) → functions."""
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for name, operation in document["operations"].items():
        channel = operation["channel"]["$ref"].removeprefix("#/channels/")
        found[operation["action"], channel].append(name.removesuffix(f"-{operation['action']}"))
    return found


def _section(main: Element, name: str, about: str) -> Element:
    section = SubElement(main, "section", id=name)
    put(SubElement(section, "h2"), "code", name)
    words(section, about)
    return section
