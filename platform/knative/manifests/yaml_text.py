"""YAML text that reads well and is the same for the same objects, however they were built."""

from __future__ import annotations

from typing import Any

import yaml


def dumped(documents: list[Any]) -> str:
    """The text of documents, one after the other."""
    text: str = yaml.dump_all(
        documents, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110, explicit_start=False
    )
    return text


class _Dumper(yaml.SafeDumper):
    """A YAML dumper without anchors (what two objects share is written twice); texts of several lines stay readable."""

    def ignore_aliases(self, _data: Any) -> bool:
        """Whether to write without anchors: always."""
        return True


def _text(dumper: _Dumper, value: str) -> yaml.ScalarNode:
    style = "|" if "\n" in value else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)
