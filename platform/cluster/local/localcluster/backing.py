"""PostgreSQL, Valkey and RabbitMQ on the node's address, as services that a cluster finds by URL.

`python -m localcluster.backing` runs in the cluster's network until SIGTERM and starts again what dies, as systemd
would. They are the servers of the embedded platform.
"""

from __future__ import annotations

import json
import logging
import os
import secrets
import signal
import sys
import threading
from dataclasses import asdict, dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from embedded.servers.postgres import Postgres
from embedded.servers.rabbitmq import RabbitMQ
from embedded.servers.valkey import Valkey
from localcluster import processes
from localcluster.network import NODE
from localcluster.paths import NAME, ROOT, STATE, TOOLS
from localcluster.waiting import wait_for

POSTGRES_PORT, VALKEY_PORT, AMQP_PORT, MANAGEMENT_PORT = 5432, 6379, 5672, 15672
DATABASE = USER = "eco2"
_CONNECTIONS = 500
_CHECK_S = 0.5
_NAME = "backing"
_STARTS_S = 150.0
_STOPS_S = 75.0  # RabbitMQ 20 s, the others 10 each, and once more after a SIGKILL
_log = logging.getLogger("localcluster.backing")


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the services are, with the passwords of this cluster."""

    database: str
    redis: str
    password: str
    amqp_password: str

    @classmethod
    def read(cls) -> Addresses | None:
        """What the running services wrote, once all of them serve."""
        return cls(**json.loads(FILE.read_text())) if FILE.exists() else None


_FOLDER = STATE / "backing"
FILE = _FOLDER / "addresses.json"


def start() -> None:
    """Start the services of this cluster, unless they run."""
    if not processes.running(_NAME):
        FILE.unlink(missing_ok=True)  # of services that are gone
    path = {"PYTHONPATH": f"{ROOT}:{TOOLS.parent}", "ECO2_CLUSTER_NAME": NAME}
    processes.start(_NAME, [sys.executable, "-m", "localcluster.backing"], path)


def ready() -> Addresses:
    """Their addresses, once all of them serve. Raises ClusterError."""

    def serve() -> bool:
        processes.must_run(_NAME)
        return Addresses.read() is not None

    wait_for("PostgreSQL, Valkey and RabbitMQ", serve, _STARTS_S)
    addresses = Addresses.read()
    assert addresses
    return addresses


def stop() -> None:
    """End them, if they run."""
    processes.stop(_NAME, _STOPS_S)


def main() -> None:
    """Start all, publish their addresses, keep them running."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    _FOLDER.mkdir(parents=True, exist_ok=True)
    stopping = threading.Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, lambda *_: stopping.set())
    password = secrets.token_hex(16)
    postgres = Postgres(_folder("postgres") / "data", address=NODE, connections=_CONNECTIONS)
    valkey = Valkey(_folder("valkey") / "data", port=VALKEY_PORT, address=NODE, password=password)
    rabbitmq = RabbitMQ(_folder("rabbitmq"), port=AMQP_PORT, address=NODE, management_port=MANAGEMENT_PORT)
    try:
        rabbitmq.launch()  # the slowest: ten seconds
        valkey.launch()
        postgres.start()
        _make_database(postgres, password)
        valkey.wait_ready()
        rabbitmq.wait_ready()
        _publish(password, (_folder("rabbitmq") / "password").read_text())
        while not stopping.wait(_CHECK_S):
            for server in (postgres, valkey, rabbitmq):
                if server.process and server.process.poll() is not None:
                    _log.warning(
                        "%s ended with %s, starts again", type(server).__name__, server.process.returncode
                    )
                    server.start()
    finally:
        for server in (rabbitmq, valkey, postgres):
            server.stop()


def _folder(name: str) -> Path:
    folder = _FOLDER / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _make_database(postgres: Postgres, password: str) -> None:
    rules = postgres.data / "pg_hba.conf"
    rule = f"host {DATABASE} {USER} 0.0.0.0/0 scram-sha-256\n"
    if rule not in rules.read_text():
        with rules.open("a") as file:
            file.write(rule)
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute("SELECT pg_reload_conf()")
        exists = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [USER]).fetchone()
        verb = sql.SQL("ALTER" if exists else "CREATE")
        connection.execute(
            sql.SQL("{} ROLE {} LOGIN PASSWORD {}").format(verb, sql.Identifier(USER), sql.Literal(password))
        )
        if not exists:
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(DATABASE), sql.Identifier(USER))
            )


def _publish(password: str, amqp_password: str) -> None:
    addresses = Addresses(
        database=f"postgresql://{USER}:{password}@{NODE}:{POSTGRES_PORT}/{DATABASE}",
        redis=f"redis://:{password}@{NODE}:{VALKEY_PORT}",
        password=password,
        amqp_password=amqp_password,
    )
    unfinished = FILE.with_suffix(".writing")
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(asdict(addresses), file)
    unfinished.rename(FILE)


if __name__ == "__main__":
    main()
