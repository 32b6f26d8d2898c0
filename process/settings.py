"""Settings from the environment: dataclasses in the `settings.py` of each package, read and checked by one reader.

```python
@dataclass(frozen=True, slots=True)
class StoreSettings:
    objects_url: str = setting("", "object store (S3 wire format) the client uploads to")
```
Each field is read from `ECO2_<NAME>`, or from the file that `ECO2_<NAME>_FILE` names (secrets mounted as files). Its
type is one of str, Secret, bool, int, float, Names and Url. A class may begin its names with a `prefix` of its own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T", bound="DataclassInstance")
Names = tuple[str, ...]
"""Comma separated in the environment; white space and repetitions are dropped."""
Url = str
"""Begins with http:// or https://; a trailing slash is dropped."""
PREFIX = "ECO2_"
POSTGRESQL: dict[str, Any] = {"pattern": "postgres(ql)?://.+", "expected": "a postgresql:// address"}
REDIS: dict[str, Any] = {"pattern": "(rediss?|unix)://.+", "expected": "a redis:// address"}
"""What `setting` takes for addresses of stores."""
_BOOLEANS = {
    **dict.fromkeys(("true", "1", "yes", "on"), True),
    **dict.fromkeys(("false", "0", "no", "off"), False),
}


class SettingsError(ValueError):
    """The environment is wrong; the message lists every finding."""

    def __init__(self, findings: list[str]) -> None:
        super().__init__("; ".join(findings) + " (docs/settings.md has the table of settings)")
        self.findings = findings


class Secret:
    """A string that does not show in logs and errors."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def get_secret_value(self) -> str:
        """The string."""
        return self._value

    def __repr__(self) -> str:
        return "Secret('…')" if self._value else "Secret('')"


def setting(
    default: Any,
    about: str,
    *,
    least: float = 0,
    most: float = 1e9,
    may_be_empty: bool = False,
    read_by: str = "",
    pattern: str = "",
    expected: str = "",
) -> Any:
    """A field of a settings dataclass: `about` is its row in docs/settings.md, numbers lie in least to most.

    An empty value in the environment is the default, unless it `may_be_empty`. A secret is given to those functions
    only that run the module `read_by` (schemas.secrets). A text, or each of several names, matches `pattern`, which
    `expected` puts into words: what can't be is told at the start, by its name, not found by who needs it first.
    """
    metadata = {
        "about": about,
        "least": least,
        "most": most,
        "may_be_empty": may_be_empty,
        "read_by": read_by,
        "pattern": pattern,
        "expected": expected,
    }
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, slots=True)
class ProcessSettings:
    """What every process of a platform is told alike."""

    env: str = setting("production", "`local` allows development sign-in and loopback origins")
    hosts: Names = setting(
        (), "names under which the API is reached; with `local` also those of this machine"
    )
    cors_origins: Names = setting((), "allowed origins, comma separated")
    inside_secret: Secret = setting(
        Secret(""), "what edge, functions and broker show each other; empty: nobody is asked"
    )
    log_level: str = setting(
        "INFO",
        "DEBUG, INFO, WARNING or ERROR",
        pattern="DEBUG|INFO|WARNING|ERROR",
        expected="DEBUG, INFO, WARNING or ERROR",
    )


def read(kind: type[T], environ: Mapping[str, str]) -> T:
    """`kind` from `environ`; other names are not looked at. Raises SettingsError with all findings at once."""
    values: dict[str, Any] = {}
    findings: list[str] = []
    resolved = with_files(environ)
    for name, declared in rows(kind).items():
        text = resolved.get(name, "").strip()
        if text or (name in resolved and declared.metadata["may_be_empty"]):
            try:
                values[declared.name] = _parsed(declared, text)
            except ValueError as error:
                findings.append(f"{name}: {error}")
    if findings:
        raise SettingsError(findings)
    return kind(**values)


def rows(kind: type[DataclassInstance]) -> dict[str, Field[Any]]:
    """Environment name → declaration, of one settings dataclass."""
    prefix = PREFIX + getattr(kind, "prefix", "")
    return {prefix + each.name.upper(): each for each in fields(kind)}


def with_files(environ: Mapping[str, str]) -> dict[str, str]:
    """`environ` with every `ECO2_X_FILE` replaced by `ECO2_X` and the file's content. Raises SettingsError."""
    resolved = dict(environ)
    for name, path in environ.items():
        if name.startswith(PREFIX) and name.endswith("_FILE"):
            try:
                resolved[name.removesuffix("_FILE")] = Path(path).read_text().strip()
            except OSError as error:
                raise SettingsError([f"{name}: can't read {path}: {error.strerror}"]) from None
            del resolved[name]
    return resolved


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _parsed(declared: Field[Any], text: str) -> Any:
    names = tuple(dict.fromkeys(each.strip() for each in text.split(",") if each.strip()))
    pattern, expected = declared.metadata["pattern"], declared.metadata["expected"]
    for each in names if declared.type == "Names" else (text,):
        if pattern and not re.fullmatch(pattern, each):
            told = "" if declared.type == "Secret" else f", not {each!r}"
            raise ValueError(f"expected {expected}{told}")
    match declared.type:
        case "str":
            return text
        case "Secret":
            return Secret(text)
        case "bool":
            if text.lower() not in _BOOLEANS:
                raise ValueError(f"expected true or false, not {text!r}")
            return _BOOLEANS[text.lower()]
        case "Names":
            return names
        case "Url":
            if not _is_address(text):
                raise ValueError("expected an http:// or https:// address")
            return text.rstrip("/")
    try:
        number = int(text) if declared.type == "int" else float(text)
    except ValueError:
        raise ValueError(f"expected a number, not {text!r}") from None
    least, most = declared.metadata["least"], declared.metadata["most"]
    if not least <= number <= most:
        raise ValueError(f"expected {least:g} to {most:g}, not {text}")
    return number
