"""Settings from the environment: typed, documented, and unknown `ECO2_` names are an error.

Each field is read from `ECO2_<NAME>`, or from the file that `ECO2_<NAME>_FILE` names (secrets mounted as files).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import Any


class SettingsError(ValueError):
    """The environment is wrong; the message lists every finding."""


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


def _setting(default: Any, about: str, *, least: float = 0, most: float = 1e9) -> Any:
    return field(default=default, metadata={"about": about, "least": least, "most": most})


@dataclass(frozen=True, slots=True)
class Settings:
    """What functions read; docs/settings.md is the table. A dataclass: every cold start pays for it."""

    env: str = _setting("production", "`local` allows development sign-in and loopback origins")
    database_url: Secret = _setting(Secret(""), "PostgreSQL")
    redis_streams_url: Secret = _setting(Secret(""), "Redis: progress streams; must not evict")
    redis_pubsub_url: Secret = _setting(Secret(""), "Redis: live progress to gateways")
    redis_cache_url: Secret = _setting(Secret(""), "Redis: results; may evict")
    redis_auth_url: Secret = _setting(Secret(""), "Redis: revoked tokens; must not evict")
    redis_state_url: Secret = _setting(Secret(""), "Redis: OAuth state")
    pool_size: int = _setting(8, "PostgreSQL connections a process at most", least=1, most=8)
    objects_url: str = _setting("", "object store (S3 wire format) the client uploads to")
    cdn_url: str = _setting("", "public prefix of uploaded images")
    objects_bucket: str = _setting("eco2-images", "bucket of uploaded images")
    objects_access_key: str = _setting("eco2", "object store access key id")
    objects_secret_key: Secret = _setting(Secret(""), "object store secret key")
    image_hosts: str = _setting("", "other hosts images may come from, comma separated, https only")
    signing_keys: str = _setting("", "folder with the RS256 keys (PEM) that sign tokens")
    issuer: str = _setting("https://eco2.local", "`iss` of tokens")
    audience: str = _setting("eco2-api", "`aud` of tokens")
    access_ttl_s: int = _setting(1800, "life of an access token, seconds", least=10)
    refresh_ttl_s: int = _setting(1_209_600, "life of a refresh token, seconds", least=60)
    cookie_domain: str = _setting("", "Domain of the login cookies; empty: host only")
    frontend_url: str = _setting("", "where sign-in returns to; empty: the origin asked")
    cors_origins: str = _setting("", "allowed origins, comma separated")
    model: str = _setting("local", "model of a scan that names none")
    models: str = _setting("gpt-5.2,gemini-3-flash-preview,local", "models a client may name")
    scan_deadline_s: int = _setting(180, "a job not done by then fails", least=5)
    scan_overdue_s: float = _setting(20, "a job without movement for so long is emitted again", least=0.001)
    rewards: bool = _setting(True, "whether scans earn characters")
    grace_s: float = _setting(25, "how long work may go on after SIGTERM", least=0)
    log_level: str = _setting("INFO", "DEBUG, INFO, WARNING or ERROR")


@cache
def settings() -> Settings:
    """The settings of this process."""
    return read(os.environ)


def with_files(environ: Mapping[str, str]) -> dict[str, str]:
    """`environ` with every `ECO2_X_FILE` replaced by `ECO2_X` and the file's content. Raises SettingsError."""
    resolved = dict(environ)
    for name, path in environ.items():
        if name.startswith("ECO2_") and name.endswith("_FILE"):
            try:
                resolved[name.removesuffix("_FILE")] = Path(path).read_text().strip()
            except OSError as error:
                raise SettingsError(f"{name}: can't read {path}: {error.strerror}") from None
            del resolved[name]
    return resolved


def read(environ: Mapping[str, str]) -> Settings:
    """Settings from `environ`. Raises SettingsError with all findings at once."""
    known = {f"ECO2_{each.name.upper()}": each for each in fields(Settings)}
    values: dict[str, Any] = {}
    findings: list[str] = []
    for name, text in with_files(environ).items():
        if name in known:
            try:
                values[known[name].name] = _parsed(known[name], text)
            except ValueError as error:
                findings.append(f"{name}: {error}")
        elif name.startswith("ECO2_") and name not in known_elsewhere():
            findings.append(f"{name}: no such setting")
    if findings:
        raise SettingsError("; ".join(findings) + " (docs/settings.md has the table of settings)")
    return Settings(**values)


def _parsed(setting: Field[Any], text: str) -> Any:
    match setting.type:
        case "str":
            return text
        case "Secret":
            return Secret(text)
        case "bool":
            if text.lower() not in _BOOLEANS:
                raise ValueError(f"expected true or false, not {text!r}")
            return _BOOLEANS[text.lower()]
    try:
        number = int(text) if setting.type == "int" else float(text)
    except ValueError:
        raise ValueError(f"expected a number, not {text!r}") from None
    least, most = setting.metadata["least"], setting.metadata["most"]
    if not least <= number <= most:
        raise ValueError(f"expected {least:g} to {most:g}, not {text}")
    return number


_BOOLEANS = {
    "true": True,
    "1": True,
    "yes": True,
    "on": True,
    "false": False,
    "0": False,
    "no": False,
    "off": False,
}


@cache
def known_elsewhere() -> frozenset[str]:
    """Names that other parts read by themselves: providers, brokers, the embedded platform, the client."""
    from functions.providers.settings import SETTINGS

    return frozenset(setting.name for setting in SETTINGS) | PLATFORM.keys()


PLATFORM = {
    "ECO2_HOME": (".eco2", "embedded platform: folder with its data and logs"),
    "ECO2_PORT": ("8080", "embedded platform: its public port on loopback"),
    "ECO2_BROKER": ("embedded", "embedded platform: embedded or rabbitmq"),
    "ECO2_AMQP_URL": ("", "RabbitMQ to use instead of starting one"),
    "ECO2_PROCESSES": ("", "embedded platform: function host processes, 1 to 16; empty: by cores"),
    "ECO2_EDGES": ("1", "embedded platform: edge processes; each holds about 9,700 streams"),
    "ECO2_RATE_LIMITS": (
        "",
        "embedded platform: `function=requests/seconds` or `function=off`, comma separated",
    ),
    "ECO2_TRIGGERS": ("", "broker outside Kubernetes: file with its Triggers"),
    "ECO2_URL": ("", "command line: address of the platform; empty: the one running in the home"),
}
"""Read by the embedded platform, the brokers and the command line: (default, meaning)."""
