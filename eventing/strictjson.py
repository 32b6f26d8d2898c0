"""Strict JSON by RFC 8259: UTF-8, finite numbers, no name twice in an object, bounded nesting, whole surrogates."""

from __future__ import annotations

import json
import math
import re
from typing import Any, NoReturn

MAX_NESTING = 64
_TOKENS = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


class NotStrictJson(ValueError):
    """The bytes are not strict JSON; the message says why, in words for whoever sent them."""


class Unstorable(NotStrictJson):
    """It reads like JSON, but holds a value that nobody can keep: no finite number, or half a character."""


def _refuse_constant(name: str) -> NoReturn:
    raise Unstorable(f"holds {name}, which JSON does not know")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise Unstorable("holds a number that is too large")
    return number


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise NotStrictJson(f"holds the name {twice!r:.60} twice in one object")
    return found


_decoder = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_finite, object_pairs_hook=_object)


def loads(data: bytes) -> Any:
    """The value of a JSON document. Raises NotStrictJson."""
    if data.count(b"[") + data.count(b"{") > MAX_NESTING and _nesting(data) > MAX_NESTING:
        raise NotStrictJson(f"is nested deeper than {MAX_NESTING} levels")
    try:
        value = _decoder.decode(data.decode("utf-8"))
        if b"\\u" in data:
            dumps(value)  # an escaped lone surrogate parses, but no one can store it
    except NotStrictJson:
        raise
    except UnicodeDecodeError as error:
        raise NotStrictJson("is not UTF-8") from error
    except UnicodeEncodeError as error:
        raise Unstorable("holds half a surrogate pair") from error
    except (ValueError, RecursionError) as error:
        raise NotStrictJson(f"is not JSON ({str(error)[:80]})") from error
    return value


def holds_nul(data: bytes) -> bool:
    """Whether a JSON document holds the character U+0000, which it may, but PostgreSQL can't store."""
    return b"\\u0000" in data and _NUL.search(data) is not None


def dumps(value: object) -> bytes:
    """The value as compact JSON in UTF-8. Raises ValueError for NaN, infinities and lone surrogates."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def is_embeddable(data: bytes) -> bool:
    """Whether the bytes can stand as a value other than null inside another JSON document."""
    try:
        return loads(data) is not None
    except NotStrictJson:
        return False


def utf8(data: bytes) -> str | None:
    """The text that the bytes are in UTF-8, None when they are none."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _nesting(data: bytes) -> int:
    depth = deepest = 0
    for token in _TOKENS.findall(data):
        if token in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif token in b"]}":
            depth -= 1
    return deepest
