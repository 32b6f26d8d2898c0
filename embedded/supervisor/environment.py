"""The environment of the platform's processes: what was given, and the addresses of this run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from embedded.settings import LocalIdentitySettings
from embedded.supervisor.home import Home
from embedded.supervisor.options import REDIS_ROLES, Options
from process import inside
from process.settings import read

ONLY_OURS = (
    "ECO2_PORT",
    "ECO2_BROKER",
    "ECO2_RATE_LIMITS",
    "ECO2_PROCESSES",
    "ECO2_EDGES",
    "ECO2_AMQP_URL",
    "ECO2_URL",
)
"""Read by the supervisor alone; nobody else needs them."""
GRACE_S = "5"
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where things of this run listen (URLs without trailing slash)."""

    public: str
    functions: str
    broker: str
    database: str
    redis: str
    simulated: str = ""
    identity: str = ""
    figures: str = ""
    """Where each function host tells its own figures, comma separated."""
    inside: str = field(default="", repr=False)
    """What edge, functions and broker show each other (process.inside)."""


def base(options: Options) -> dict[str, str]:
    """The environment that was given, without what is only ours; enough for steps that ask no service."""
    given = {name: value for name, value in options.environment.items() if name not in ONLY_OURS}
    given["PYTHONUNBUFFERED"] = "1"
    given["PYTHONPATH"] = ":".join(filter(None, [str(ROOT), given.get("PYTHONPATH", "")]))
    return given


def functions(options: Options, home: Home, at: Addresses) -> dict[str, str]:
    """For function hosts and the edge. What the user set stays."""
    given = base(options)
    ours = {
        "ECO2_ENV": "local",
        "ECO2_HOME": str(home.folder.resolve()),
        "ECO2_DATABASE_URL": at.database,
        **{f"ECO2_REDIS_{role}_URL": at.redis for role in REDIS_ROLES},
        "K_SINK": inside.address(at.broker, at.inside),
        "ECO2_INSIDE_SECRET": at.inside,
        "ECO2_FIGURES": at.figures,
        "ECO2_MODEL": options.model,
        "ECO2_OBJECTS_ACCESS_KEY": "eco2",
        "ECO2_OBJECTS_SECRET_KEY": home.secret("objects"),
        "ECO2_SIGNING_KEYS": str(home.folder.resolve() / "keys"),
        "ECO2_GRACE_S": GRACE_S,
    }
    if options.serves_objects:
        ours["ECO2_OBJECTS_URL"] = f"{at.public}/objects"
        ours["ECO2_CDN_URL"] = f"{at.public}/objects/{given.get('ECO2_OBJECTS_BUCKET', 'eco2-images')}/public"
    if at.simulated:
        ours["ECO2_SIMULATED_URL"] = f"{at.simulated}/v1"
        ours["ECO2_MODELS"] = ",".join(dict.fromkeys([*options.models, "simulated"]))
    if at.identity:
        ours |= _identity(at.identity, home.secret("identity"), options.local_providers)
    merged = {**ours, **{name: value for name, value in given.items() if value or name not in ours}}
    merged["ECO2_MODEL"] = options.model
    # One arena for each thread is what makes a Python server's memory grow under load (glibc's default is 8 a core).
    merged.setdefault("MALLOC_ARENA_MAX", "2")
    return merged


def _identity(url: str, secret: str, providers: Iterable[str]) -> dict[str, str]:
    """Where sign-in finds the local identity provider in place of those that are not configured."""
    client = read(LocalIdentitySettings, {}).identity_client
    found = {"ECO2_IDENTITY_CLIENT": client, "ECO2_IDENTITY_SECRET": secret}
    for name in providers:
        place, prefix = f"{url}/{name}", f"ECO2_OAUTH_{name.upper()}"
        found |= {
            f"{prefix}_AUTHORIZE_URL": f"{place}/authorize",
            f"{prefix}_TOKEN_URL": f"{place}/token",
            f"{prefix}_USERINFO_URL": f"{place}/userinfo",
            f"{prefix}_CLIENT_ID": client,
            f"{prefix}_CLIENT_SECRET": secret,
        }
    return found
