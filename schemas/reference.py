"""What both references for people are drawn with: a page without a script, fields of a schema, types that link."""

from __future__ import annotations

import re
from typing import Any
from xml.etree.ElementTree import Element, SubElement, indent, tostring

Document = dict[str, Any]
SCHEMAS = "#/components/schemas/"
_STYLE = """
:root { color-scheme: light dark; font: 16px/1.6 system-ui, sans-serif; scroll-padding-top: 1rem;
  background: light-dark(#fff, #0c1411); color: light-dark(#14231b, #e8f2ec); }
body { margin: 0 auto; max-width: 62rem; padding: 1rem 1.25rem 4rem; overflow-wrap: anywhere; }
a { color: light-dark(#0b6e4f, #7be0a8); }
h1 { margin-bottom: .25rem; line-height: 1.3; } h2 { margin: 3rem 0 .25rem; font-size: 1.3rem; }
h3 { margin: 2.25rem 0 .25rem; font-size: 1.05rem; } h4 { margin: 1rem 0 .25rem; font-size: 1rem; }
p, ul { margin: .25rem 0 .6rem; } .soft { color: light-dark(#4c5f54, #a3b8ad); }
code, pre { font-family: ui-monospace, monospace; font-size: .9em; }
pre { white-space: pre-wrap; padding: .7rem 1rem; border-radius: .5rem; background: light-dark(#eef4ea, #1b2a24); }
summary { cursor: pointer; font-weight: 600; padding: .2rem 0; }
.wide { overflow-x: auto; } table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .3rem .9rem .3rem 0; vertical-align: top; overflow-wrap: break-word; }
tr { border-bottom: 1px solid light-dark(#d5e0d0, #2b3d35); }
dt { font-weight: 600; } dd { margin: 0 0 .4rem; } .index { columns: 20rem; padding-left: 1.2rem; }
nav h2 { margin-top: 1rem; font-size: 1rem; }
:target { outline: 2px solid light-dark(#0b6e4f, #7be0a8); outline-offset: .5rem; border-radius: .25rem; }
"""
_CODE = re.compile(r"`([^`]+)`")


def page(title: str, about: str, links: tuple[tuple[str, str], ...]) -> tuple[Element, Element]:
    """A page with a heading of its own and links to others; the page, and where its content goes."""
    made = Element("html", lang="en")
    head, body = SubElement(made, "head"), SubElement(made, "body")
    SubElement(head, "meta", charset="utf-8")
    SubElement(head, "meta", name="viewport", content="width=device-width, initial-scale=1")
    put(head, "title", title)
    put(head, "style", _STYLE)
    pages = put(SubElement(body, "header"), "nav", **{"aria-label": "Pages"})
    for address, name in links:
        put(pages, "a", name, href=address).tail = " "
    main = SubElement(body, "main")
    put(main, "h1", title)
    words(main, about)
    return made, main


def written(made: Element) -> str:
    """The page as HTML."""
    indent(made)
    return f"<!doctype html>\n{tostring(made, 'unicode', method='html')}\n"


def put(parent: Element, tag: str, text: str = "", **attributes: str) -> Element:
    """A new element at the end of another."""
    made = SubElement(parent, tag, attributes)
    made.text = text
    return made


def words(parent: Element, text: str) -> None:
    """Paragraphs and lists of a description, in which `names` stand between backticks."""
    lines = [line for line in text.strip().splitlines() if line]
    for line in lines:
        if not line.startswith("- "):
            inline(SubElement(parent, "p"), line)
            continue
        if len(parent) == 0 or parent[-1].tag != "ul":
            SubElement(parent, "ul")
        inline(SubElement(parent[-1], "li"), line.removeprefix("- "))


def inline(parent: Element, text: str) -> None:
    """Words at the end of an element, in which `names` stand between backticks."""
    for number, part in enumerate(_CODE.split(text)):
        if number % 2:
            put(parent, "code", part)
        else:
            add(parent, part)


def table(parent: Element, columns: tuple[str, ...]) -> Element:
    """A table that scrolls by itself where it is too wide; its rows go into what is returned."""
    made = SubElement(SubElement(parent, "div", {"class": "wide", "tabindex": "0"}), "table")
    head = SubElement(SubElement(made, "thead"), "tr")
    for name in columns:
        put(head, "th" if name else "td", name, **({"scope": "col"} if name else {}))
    return SubElement(made, "tbody")


def fields(section: Element, schema: Document) -> None:
    """A table of an object's fields; of anything else its type."""
    properties = schema.get("properties", {})
    if not properties:
        kind(SubElement(section, "p"), schema)
        return
    required = schema.get("required", ())
    rows = table(section, ("field", "type", ""))
    for name, field in properties.items():
        row = SubElement(rows, "tr")
        put(SubElement(row, "td"), "code", name)
        kind(SubElement(row, "td"), field)
        inline(SubElement(row, "td"), meaning(field, field.get("description", ""), required=name in required))


def kind(cell: Element, schema: Document) -> None:
    """The type in words; other types are links."""
    for number, part in enumerate(schema.get("anyOf") or schema.get("oneOf") or [schema]):
        before = " or " if number else ""
        inner, lists = part, ""
        while inner.get("type") == "array":
            inner, lists = inner.get("items", {}), f"{lists}list of "
        if "$ref" in inner:
            name = inner["$ref"].removeprefix(SCHEMAS)
            add(cell, before + lists)
            put(cell, "a", name, href=f"#{name}")
        else:
            add(cell, before + lists + _simple(inner))


def _simple(schema: Document) -> str:
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    if "const" in schema:
        return str(schema["const"])
    name = str(schema.get("type", "anything"))
    return f"{name} ({schema['format']})" if "format" in schema else name


_LIMITS = {
    "minimum": "at least {}",
    "maximum": "at most {}",
    "exclusiveMinimum": "more than {}",
    "exclusiveMaximum": "less than {}",
    "minLength": "{} characters or more",
    "maxLength": "{} characters or fewer",
    "pattern": "like `{}`",
    "default": "`{}` when absent",
}


def meaning(schema: Document, about: str, *, required: bool) -> str:
    """What a field or parameter is, whether it must be there, and what it may be; empty where its type says all."""
    told = ("required" if required else "", about.strip().rstrip("."), _limits(schema))
    return " ".join(f"{each[0].upper()}{each[1:]}." for each in told if each)


def _limits(schema: Document) -> str:
    given = {key: value for part in (*schema.get("anyOf", ()), schema) for key, value in part.items()}
    if given.get("minLength") == 1:
        given["minLength"] = None if "format" in given else 1
    told = [
        text.format(given[key]) for key, text in _LIMITS.items() if given.get(key) not in (None, "", [], {})
    ]
    return ", ".join(told)


def add(cell: Element, text: str) -> None:
    """Text after what is in the cell already."""
    if len(cell):
        cell[-1].tail = (cell[-1].tail or "") + text
    else:
        cell.text = (cell.text or "") + text
