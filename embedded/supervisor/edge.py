"""The edge as a child: the cluster's Envoy and configuration, with the addresses of this machine."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from edge.bootstrap import bootstrap
from edge.fields import Address, Fields
from edge.hosts import check_hosts
from edge.origins import check_origins
from edge.site import EdgeSite
from edge.table import ADDRESS, NO_LIMIT, EdgeRoute, limited, parse_limits, quota
from embedded.openfiles import raise_limit
from embedded.servers.envoy import Envoy
from embedded.servers.process import free_port
from embedded.settings import EmbeddedSettings
from embedded.supervisor.errors import CannotStartError
from embedded.supervisor.options import Options
from process.settings import ProcessSettings, read
from process.tracing import ENDPOINTS

# On one machine a few accounts may stand for many users; the limits declared with the functions are for production.
LOCAL_LIMITS = "scan-submit=6000/60,images-upload=6000/60"
LOOPBACK_FACTOR = 100
"""How many times an address' limit the loopback address gets: it stands for all users of this machine."""
SPARE_FILES = 512
MOST_HEAP_BYTES = 1024 * 1024 * 1024
_READ = ("ECO2_ENV", "ECO2_HOSTS", "ECO2_CORS_ORIGINS", "ECO2_INSIDE_SECRET")
_log = logging.getLogger("eco2.supervisor")


def site(
    port: int, functions: Address, watched: Mapping[str, Address], objects: Address | None, options: Options
) -> EdgeSite:
    """This machine as a place for an edge, with as many connections as its files allow."""
    files = max(64, (raise_limit() - SPARE_FILES) // 5)
    return EdgeSite(
        bind="127.0.0.1",
        port=port,
        operations_port=0,
        admin_port=0,
        functions=functions,
        objects=objects,
        watched=watched,
        collector=_collector(options.environment),
        cold_start_s=0.0,
        # Of five files three are clients', one is for streams, and one for other requests: there is room to refuse.
        most_connections=3 * files,
        most_upstream=files,
        most_heap_bytes=MOST_HEAP_BYTES,
        address_limit=_address_limit(limits(options.environment).get(ADDRESS)),
        behind_tls=options.environment.get("ECO2_ENV", "local") != "local",
    )


def _address_limit(replaced: str | None) -> tuple[int, int] | None:
    requests, seconds = EdgeSite().address_limit or (0, 0)
    replaced = replaced or f"{requests * LOOPBACK_FACTOR}/{seconds}"
    return None if replaced == NO_LIMIT else quota(ADDRESS, replaced)


def limits(environment: Mapping[str, str]) -> dict[str, str]:
    """Function → limit, from ECO2_RATE_LIMITS or this machine's own.

    ECO2_HOSTS and ECO2_CORS_ORIGINS are looked at as well.

    Raises CannotStartError.
    """
    try:
        settings = read(ProcessSettings, environment)
        check_origins(",".join(settings.cors_origins))
        check_hosts(settings.hosts)
        return parse_limits(read(EmbeddedSettings, environment).rate_limits or LOCAL_LIMITS)
    except ValueError as error:
        raise CannotStartError(str(error)) from None


def table(routes: Path, replaced: Mapping[str, str]) -> list[EdgeRoute]:
    """The routes of a JSON file (supervisor.wiring) with the limits of this machine."""
    rows = [EdgeRoute(**row) for row in json.loads(routes.read_text())]
    if unknown := replaced.keys() - {row.function for row in rows} - {ADDRESS}:
        raise CannotStartError(
            f"ECO2_RATE_LIMITS: there is no function {sorted(unknown)[0]!r} behind the edge"
        )
    return [row if row.auth else row.times(LOOPBACK_FACTOR) for row in limited(rows, replaced)]


def reconfigure(envoys: Iterable[Envoy], routes: Path, at: EdgeSite, environment: Mapping[str, str]) -> None:
    """Give edges the routes of a JSON file; they serve them once they start again."""
    rows = table(routes, limits(environment))
    for envoy in envoys:
        envoy.configuration = _configuration(rows, at, envoy.health_port)


def server(
    name: str, at: EdgeSite, routes: list[EdgeRoute], folder: Path, logs: Path, environment: Mapping[str, str]
) -> Envoy:
    """Envoy, to be launched."""
    own = free_port()
    given = {setting: environment[setting] for setting in _READ if setting in environment}
    return Envoy(
        file=folder / f"{name}.json",
        log=logs / f"{name}.log",
        port=at.port,
        configuration=_configuration(routes, at, own),
        environment={**given, "TZ": "UTC"},
        health_port=own,
    )


def _configuration(routes: list[EdgeRoute], at: EdgeSite, own_port: int) -> Fields:
    return bootstrap(routes, replace(at, operations_port=own_port))


def _collector(environment: Mapping[str, str]) -> str:
    """Where spans go, from OpenTelemetry's own settings; empty: nowhere."""
    traces, all_signals = (environment.get(name, "") for name in ENDPOINTS)
    url = traces or (f"{all_signals.rstrip('/')}/v1/traces" if all_signals else "")
    if url and not url.startswith("http://"):
        _log.warning("the edge sends no spans: it speaks plain HTTP to collectors, not %s", url)
        return ""
    return url
