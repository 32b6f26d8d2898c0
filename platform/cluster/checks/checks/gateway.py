"""The ingress gateway's Envoy, run with what istiod tells it.

Other than in production are the addresses, and that it is told by files; filters that only Istio's build of Envoy has
are left out. At the tunnel's other end a second Envoy stands in for the ztunnel of the edge's node, which can't be had.
"""

from __future__ import annotations

import json
import re
import socket
import subprocess
import tempfile
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

from localcluster.pki import Authority
from localcluster.waiting import wait_for

from checks import mesh
from checks.lets import TUNNEL, Conversation
from checks.mesh import EDGE, HOST
from embedded.servers.envoy import program
from embedded.servers.process import comes_up, end, free_port, last_lines

_STARTS_S = 30
_TYPES = "type.googleapis.com/envoy"
_SECRETS = {"default": "own.json", "ROOTCA": "roots.json"}
Config = dict[str, Any]


def requests_go_through_the_tunnel() -> None:
    """Envoy, told by istiod, brings a request to the edge in mutual TLS, to nobody without the mesh's certificate."""
    pods = {each["metadata"]["name"]: each for each in mesh.running()}
    identities = {name: Conversation(pods[name], pods[name], 0).principal for name in ("gateway", "edge")}
    ours, stranger = Authority(), Authority()
    with _edge() as (port, seen), tempfile.TemporaryDirectory(prefix="eco2-gateway-") as name:
        with _Way.opened(Path(name), port, identities, ours, ours) as way:
            assert way.asked(HOST) == 200, way.said()
            assert way.asked("other.example") == 404, "a host that nobody serves was taken"
            told = f"spiffe://{identities['gateway']} CONNECT 127.0.0.1:8080"
            wait_for("the tunnel's line", lambda: told in (way.folder / "ztunnel.log").read_text(), _STARTS_S)
        with _Way.opened(Path(name), port, identities, ours, stranger) as way:
            assert way.asked(HOST) == 503, "whoever has no certificate of the mesh was spoken to"
    assert seen == ["/health"], seen


@dataclass(frozen=True, slots=True)
class _Way:
    """The gateway at `port`, and a tunnel's end in front of the edge."""

    folder: Path
    port: int

    @classmethod
    @contextmanager
    def opened(
        cls, folder: Path, edge: int, identities: dict[str, str], ours: Authority, theirs: Authority
    ) -> Iterator[_Way]:
        """Until the block ends; whoever stands at the edge's pod has a certificate of `theirs`."""
        tunnel, way = free_port(), cls(folder, free_port())
        _write_secrets(folder / "gateway", identities["gateway"], ours, ours)
        _write_secrets(folder / "ztunnel", identities["edge"], theirs, ours)
        with ExitStack() as running:
            running.enter_context(
                _envoy(folder / "ztunnel", _tunnels_end(folder / "ztunnel", tunnel, edge), tunnel)
            )
            running.enter_context(
                _envoy(folder / "gateway", _told(folder / "gateway", way.port, tunnel), way.port)
            )
            yield way

    def asked(self, host: str) -> int:
        """The status of a request for this host."""
        url = f"http://127.0.0.1:{self.port}/health"
        request = urllib.request.Request(url, headers={"host": host})
        try:
            with urllib.request.urlopen(request, timeout=_STARTS_S) as answer:  # noqa: S310 - of this machine
                return int(answer.status)
        except urllib.error.HTTPError as refusal:
            return refusal.code

    def said(self) -> str:
        """What both Envoys complained of."""
        return "\n".join(last_lines(self.folder / f"{name}.log") for name in ("gateway", "ztunnel"))


def _told(folder: Path, port: int, tunnel: int) -> Config:
    """A bootstrap that reads everything that istiod tells the gateway from files."""
    told = json.loads(json.dumps(mesh.told()["gateway"]))
    (door,) = (each for each in told["listeners"] if each["name"] == "0.0.0.0_80")
    door["address"]["socketAddress"] = {"address": "127.0.0.1", "portValue": port}
    (manager,) = (each["typedConfig"] for chain in door["filterChains"] for each in chain["filters"])
    manager["httpFilters"] = _of_any_build(manager["httpFilters"])
    manager["rds"]["configSource"] = _file(folder / "routes.json")
    (origin,) = (each for each in told["clusters"] if each["name"] == "connect_originate")
    assert origin["originalDstLbConfig"]["upstreamPortOverride"] == TUNNEL["port"]
    origin["originalDstLbConfig"]["upstreamPortOverride"] = tunnel
    told["clusters"] = [each for each in told["clusters"] if each["name"] in {EDGE, "connect_originate"}]
    told["endpoints"] = [each for each in told["endpoints"] if each["clusterName"] == EDGE]
    for each in told["clusters"]:
        each["filters"] = _of_any_build(each.get("filters", []))
        if each["type"] == "EDS":
            each["edsClusterConfig"]["edsConfig"] = _file(folder / "endpoints.json")
        _secrets_from(each, folder)
    (address,) = set(re.findall(r'"(10\.244\.[\d.]+):8080"', json.dumps(told["endpoints"])))
    types = {
        "listeners": "config.listener.v3.Listener",
        "routes": "config.route.v3.RouteConfiguration",
        "clusters": "config.cluster.v3.Cluster",
        "endpoints": "config.endpoint.v3.ClusterLoadAssignment",
    }
    for name, kind in types.items():
        resources = [{"@type": f"{_TYPES}.{kind}", **each} for each in told[name]]
        text = json.dumps({"resources": resources}).replace(address, "127.0.0.1")
        (folder / f"{name}.json").write_text(text)
    return {
        "node": {"id": "gateway", "cluster": "gateway"},
        "bootstrap_extensions": [
            {
                "name": "internal",
                "typed_config": {
                    "@type": f"{_TYPES}.extensions.bootstrap.internal_listener.v3.InternalListener"
                },
            }
        ],
        "dynamic_resources": {
            "lds_config": _file(folder / "listeners.json"),
            "cds_config": _file(folder / "clusters.json"),
        },
    }


def _of_any_build(filters: list[Config]) -> list[Config]:
    return [each for each in filters if not each["name"].startswith("istio.")]


def _secrets_from(value: Any, folder: Path) -> None:
    """Let every secret be read from a file instead of from the agent beside Envoy."""
    if isinstance(value, list):
        for each in value:
            _secrets_from(each, folder)
    elif isinstance(value, dict):
        if "sdsConfig" in value:
            value["sdsConfig"] = _file(folder / _SECRETS[value["name"]])
        for each in value.values():
            _secrets_from(each, folder)


def _file(path: Path) -> Config:
    return {"path_config_source": {"path": str(path)}, "resource_api_version": "V3"}


def _write_secrets(folder: Path, principal: str, issuer: Authority, trusted: Authority) -> None:
    folder.mkdir(exist_ok=True)
    chain, key = issuer.issue(folder.name, names=[f"spiffe://{principal}"])
    pem = {"certificate_chain": chain, "private_key": key}
    own = {"tls_certificate": {name: {"inline_string": text.decode()} for name, text in pem.items()}}
    roots = {"validation_context": {"trusted_ca": {"inline_string": trusted.pem.decode()}}}
    for (name, file), secret in zip(_SECRETS.items(), (own, roots), strict=True):
        kind = f"{_TYPES}.extensions.transport_sockets.tls.v3.Secret"
        (folder / file).write_text(json.dumps({"resources": [{"@type": kind, "name": name, **secret}]}))


def _tunnels_end(folder: Path, port: int, edge: int) -> Config:
    """An Envoy that takes tunnels from whoever has a certificate of the mesh, and leads them to the edge."""
    manager = {
        "@type": f"{_TYPES}.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "tunnel",
        "http2_protocol_options": {"allow_connect": True},
        "upgrade_configs": [{"upgrade_type": "CONNECT"}],
        "access_log": [
            {
                "name": "line",
                "typed_config": {
                    "@type": f"{_TYPES}.extensions.access_loggers.stream.v3.StdoutAccessLog",
                    "log_format": {
                        "text_format_source": {
                            "inline_string": "%DOWNSTREAM_PEER_URI_SAN% %REQ(:METHOD)% %REQ(:AUTHORITY)%\n"
                        }
                    },
                },
            }
        ],
        "route_config": {
            "virtual_hosts": [
                {
                    "name": "all",
                    "domains": ["*"],
                    "routes": [
                        {
                            "match": {"connect_matcher": {}},
                            "route": {
                                "cluster": "edge",
                                "upgrade_configs": [{"upgrade_type": "CONNECT", "connect_config": {}}],
                            },
                        }
                    ],
                }
            ]
        },
        "http_filters": [
            {
                "name": "router",
                "typed_config": {"@type": f"{_TYPES}.extensions.filters.http.router.v3.Router"},
            }
        ],
    }
    tls = {
        "@type": f"{_TYPES}.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
        "require_client_certificate": True,
        "common_tls_context": {
            "alpn_protocols": ["h2"],
            "tls_certificate_sds_secret_configs": [
                {"name": "default", "sds_config": _file(folder / _SECRETS["default"])}
            ],
            "validation_context_sds_secret_config": {
                "name": "ROOTCA",
                "sds_config": _file(folder / _SECRETS["ROOTCA"]),
            },
        },
    }
    return {
        "node": {"id": "ztunnel", "cluster": "ztunnel"},
        "static_resources": {
            "listeners": [
                {
                    "name": "tunnel",
                    "address": _address(port),
                    "filter_chains": [
                        {
                            "filters": [{"name": "tunnel", "typed_config": manager}],
                            "transport_socket": {"name": "tls", "typed_config": tls},
                        }
                    ],
                }
            ],
            "clusters": [
                {
                    "name": "edge",
                    "load_assignment": {
                        "cluster_name": "edge",
                        "endpoints": [{"lb_endpoints": [{"endpoint": {"address": _address(edge)}}]}],
                    },
                }
            ],
        },
    }


def _address(port: int) -> Config:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


@contextmanager
def _envoy(name: Path, config: Config, port: int) -> Iterator[None]:
    """An Envoy until the block ends, which listens at `port`."""
    file, log = name.with_suffix(".json"), name.with_suffix(".log")
    file.write_text(json.dumps(config))
    options = ["--disable-hot-restart", "--concurrency", "1", "--log-level", "warning"]
    with log.open("wb") as out:
        process = subprocess.Popen([str(program()), "-c", str(file), *options], stdout=out, stderr=out)
    try:
        if not comes_up(process, lambda: _listens(port), _STARTS_S):
            raise AssertionError(f"Envoy did not start:\n{last_lines(log)}")
        yield
    finally:
        end(process)


def _listens(port: int) -> bool:
    with socket.create_connection(("127.0.0.1", port), timeout=1):
        return True


@contextmanager
def _edge() -> Iterator[tuple[int, list[str]]]:
    """Where somebody answers everything, and the paths that were asked."""
    seen: list[str] = []

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(self.path)
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port, seen
        finally:
            server.shutdown()
            thread.join()
