"""Settings from the environment: typed, documented, and unknown `ECO2_` names are an error.

Each field is read from `ECO2_<NAME>`, or from the file that `ECO2_<NAME>_FILE` names (secrets mounted as files).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError


class SettingsError(ValueError):
    """The environment is wrong; the message lists every finding."""


class Settings(BaseModel):
    """What functions read. `python -m functions.runtime.settings` prints the table."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    env: str = Field("production", description="`local` allows development sign-in and loopback origins")
    database_url: SecretStr = Field(SecretStr(""), description="PostgreSQL")
    redis_streams_url: SecretStr = Field(SecretStr(""), description="Redis: progress streams; must not evict")
    redis_pubsub_url: SecretStr = Field(SecretStr(""), description="Redis: live progress to gateways")
    redis_cache_url: SecretStr = Field(SecretStr(""), description="Redis: results; may evict")
    redis_auth_url: SecretStr = Field(SecretStr(""), description="Redis: revoked tokens; must not evict")
    redis_state_url: SecretStr = Field(SecretStr(""), description="Redis: OAuth state")
    pool_size: int = Field(8, ge=1, le=8, description="PostgreSQL connections a process at most")
    objects_url: str = Field("", description="object store (S3 wire format) the client uploads to")
    cdn_url: str = Field("", description="public prefix of uploaded images")
    objects_bucket: str = Field("eco2-images", description="bucket of uploaded images")
    objects_access_key: str = Field("eco2", description="object store access key id")
    objects_secret_key: SecretStr = Field(SecretStr(""), description="object store secret key")
    image_hosts: str = Field("", description="other hosts images may come from, comma separated, https only")
    signing_keys: str = Field("", description="folder with the RS256 keys (PEM) that sign tokens")
    issuer: str = Field("https://eco2.local", description="`iss` of tokens")
    audience: str = Field("eco2-api", description="`aud` of tokens")
    access_ttl_s: int = Field(1800, ge=10, description="life of an access token, seconds")
    refresh_ttl_s: int = Field(1_209_600, ge=60, description="life of a refresh token, seconds")
    cookie_domain: str = Field("", description="Domain of the login cookies; empty: host only")
    frontend_url: str = Field("", description="where sign-in returns to; empty: the origin asked")
    cors_origins: str = Field("", description="allowed origins, comma separated")
    model: str = Field("local", description="model of a scan that names none")
    models: str = Field("gpt-5.2,gemini-3-flash-preview,local", description="models a client may name")
    scan_deadline_s: int = Field(180, ge=5, description="a job not done by then fails")
    scan_overdue_s: float = Field(20, gt=0, description="a job without movement for so long is emitted again")
    rewards: bool = Field(True, description="whether scans earn characters")
    grace_s: float = Field(25, ge=0, description="how long work may go on after SIGTERM")
    log_level: str = Field("INFO", description="DEBUG, INFO, WARNING or ERROR")
    processes: int = Field(1, ge=1, le=16, description="function host processes of the embedded platform")


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
    elsewhere = known_elsewhere()
    values: dict[str, Any] = {}
    findings: list[str] = []
    for name, value in with_files(environ).items():
        field = name.removeprefix("ECO2_").lower()
        if name.startswith("ECO2_") and field in Settings.model_fields:
            values[field] = value
        elif name.startswith("ECO2_") and name not in elsewhere:
            findings.append(f"{name}: no such setting")
    try:
        parsed = Settings(**values)
    except ValidationError as error:
        findings += [
            f"ECO2_{str(e['loc'][0]).upper()}: {e['msg']}" for e in error.errors(include_input=False)
        ]
        parsed = None
    if findings or parsed is None:
        raise SettingsError("; ".join(findings) + " (the README has the table of settings)")
    return parsed


@cache
def known_elsewhere() -> frozenset[str]:
    """Names that other parts read by themselves: providers, brokers, the embedded platform, the client."""
    from functions.providers.settings import SETTINGS

    return frozenset(setting.name for setting in SETTINGS) | _ELSEWHERE


_ELSEWHERE = {"ECO2_HOME", "ECO2_PORT", "ECO2_BROKER", "ECO2_URL", "ECO2_AMQP_URL", "ECO2_TRIGGERS"}


if __name__ == "__main__":
    import sys

    for field, info in Settings.model_fields.items():
        default = info.default.get_secret_value() if isinstance(info.default, SecretStr) else info.default
        sys.stdout.write(f"| `ECO2_{field.upper()}` | `{default}` | {info.description} |\n")
