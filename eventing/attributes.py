"""Checks of attribute names and values by CloudEvents 1.0; each gives the reason why a value is invalid, or None.

Repeating values (source, type, media types) are remembered: a process sees few of them, very often.
"""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import unquote_to_bytes

_NAME = re.compile(r"[a-z0-9]+")
# Code points that a String must not hold: controls, surrogates, noncharacters (spec, Type System).
_FORBIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef"
    + "".join(chr(plane << 16 | low) for plane in range(17) for low in (0xFFFE, 0xFFFF))
    + "]"
)
_TIME = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.[0-9]+)?"
    r"(?:[Zz]|([+-])([0-9]{2}):([0-9]{2}))"
)
_TOKEN = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"  # noqa: S105 - RFC 2045's word for it
_MEDIA_TYPE = re.compile(
    rf"({_TOKEN}/{_TOKEN})(?:[ \t]*;[ \t]*{_TOKEN}=(?:{_TOKEN}|\"(?:[^\"\\\x00-\x1f\x7f]|\\[ -~])*\"))*[ \t]*"
)
_P = r"(?:[A-Za-z0-9\-._~!$&'()*+,;=:@]|%[0-9A-Fa-f]{2})"  # pchar of RFC 3986
_URI_REFERENCE = re.compile(
    r"(?:(?P<scheme>[A-Za-z][A-Za-z0-9+\-.]*):|(?![^/?#]*:))"  # no ':' in a relative first segment
    r"(?://(?:(?:[A-Za-z0-9\-._~!$&'()*+,;=:]|%[0-9A-Fa-f]{2})*@)?"
    r"(?:\[[0-9A-Fa-f:.vV]+[A-Za-z0-9\-._~!$&'()*+,;=:]*\]|(?:[A-Za-z0-9\-._~!$&'()*+,;=]|%[0-9A-Fa-f]{2})*)"
    rf"(?::[0-9]*)?(?:/{_P}*)*|(?!//)(?:{_P}|/)*)"
    rf"(?:\?(?:{_P}|[/?])*)?(?:#(?:{_P}|[/?])*)?"
)
_MUST_ENCODE = re.compile("[^!#$&-~]")  # HTTP binding 3.1.3.2: space, quote, percent, outside printable ASCII
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def text_finding(value: object) -> str | None:
    """Check a String that must not be empty (all our strings: id, type, subject, source)."""
    if not isinstance(value, str):
        return f"must be a string, not {type(value).__name__}"
    if not value:
        return "is missing or empty"
    if (not value.isascii() or not value.isprintable()) and (bad := _FORBIDDEN.search(value)):
        return f"holds the character U+{ord(bad[0]):04X}, which is not allowed"
    return None


@lru_cache(256)
def _is_name(name: str) -> bool:
    return name != "data" and _NAME.fullmatch(name) is not None


def extension_finding(name: object, value: object) -> str | None:
    """Check the name of an extension attribute and its canonical string value, which may be empty."""
    if not isinstance(name, str) or not _is_name(name):
        return "is no attribute name (a-z and 0-9 only)"
    if value == "":
        return None
    if name == "expirytime" and isinstance(value, str):
        return time_finding(value)
    return text_finding(value)


def time_finding(value: object) -> str | None:
    """Check a Timestamp as RFC 3339 writes it, with seconds and a whole offset."""
    match = _TIME.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return "must be an RFC 3339 time such as 2026-01-31T09:30:00+09:00"
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    if not 1 <= month <= 12 or not 1 <= day <= _DAYS[month - 1] or (month == 2 and day == 29 and not leap):
        return "names a day that does not exist"
    offset_hour, offset_minute = int(match[8] or 0), int(match[9] or 0)
    if offset_hour > 23 or offset_minute > 59:
        return "has an offset out of range"
    if hour > 23 or minute > 59 or second > 60:
        return "names a time of day that does not exist"
    if second == 60:  # a leap second is inserted at 23:59 UTC
        east = (offset_hour * 60 + offset_minute) * (-1 if match[7] == "-" else 1)
        if (hour * 60 + minute - east) % 1440 != 1439:
            return "names a leap second at a time that has none"
    return None


@lru_cache(256)
def _is_media_type(value: str) -> bool:
    return _MEDIA_TYPE.fullmatch(value) is not None


def content_type_finding(value: object) -> str | None:
    """Check a media type with parameters as RFC 2045 writes it."""
    if not isinstance(value, str):
        return f"must be a string, not {type(value).__name__}"
    return None if _is_media_type(value) else "must be a media type such as application/json"


@lru_cache(256)
def _scheme(value: str) -> str | None:
    """The scheme of an RFC 3986 reference, "" when it is relative, None when it is none."""
    match = _URI_REFERENCE.fullmatch(value)
    return (match["scheme"] or "") if match else None


def uri_reference_finding(value: object) -> str | None:
    """Check a URI-reference (RFC 3986, section 4.1), which must not be empty."""
    if not isinstance(value, str) or not value:
        return text_finding(value)
    return "must be a URI reference (RFC 3986)" if _scheme(value) is None else None


def uri_finding(value: object) -> str | None:
    """Check an absolute URI (with a scheme; a fragment may follow)."""
    if not isinstance(value, str) or not value:
        return text_finding(value)
    return None if _scheme(value) else "must be an absolute URI (RFC 3986)"


@lru_cache(256)
def is_json(media_type: str) -> bool:
    """Whether data of this media type is JSON: */json or a +json suffix."""
    subtype = media_type.partition(";")[0].strip().lower().partition("/")[2]
    return subtype == "json" or subtype.endswith("+json")


def percent_encode(value: str) -> str:
    """An attribute value as the HTTP binding puts it into a header."""
    if _MUST_ENCODE.search(value) is None:
        return value
    return _MUST_ENCODE.sub(lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode()), value)


def header_text(value: str) -> str:
    """An attribute value out of a header: quoted runs unescaped, then one round of percent-decoding.

    Raw UTF-8 is taken too, which senders that do not encode write. A percent sign without two hex digits
    stands for itself. Raises ValueError when the bytes are not UTF-8.
    """
    if '"' in value:
        value = _QUOTED.sub(lambda run: re.sub(r"\\(.)", r"\1", run[1]), value)
    try:
        return unquote_to_bytes(value.encode("latin-1")).decode("utf-8")
    except UnicodeError:
        raise ValueError("is not UTF-8 after percent-decoding") from None
