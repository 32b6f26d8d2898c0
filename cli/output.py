"""What commands print for programs: JSON, the same way everywhere."""

from __future__ import annotations

import json
from typing import Any

import click

from cli.options import F


def json_option(command: F) -> F:
    """The option --json."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(command)


def write(value: Any, *, a_line: bool = False) -> None:
    """Print JSON, indented or as `a_line` of its own."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=None if a_line else 2, default=str))
