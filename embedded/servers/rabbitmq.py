"""RabbitMQ from Debian's package `rabbitmq-server` as a plain child process on loopback.

Nothing of the package's own service is used: node, data, cookie, ports and epmd are ours, below one folder, and
all of it ends with `stop` or with the process that started it.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from embedded.servers.process import Greeting, Server, ServerStartError, end, first_words, free_port, spawn

PROGRAM = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
STOP_TIMEOUT_S = 20.0
_NODE = "eco2@localhost"
_PROTOCOL_HEADER = b"AMQP\x00\x00\x09\x01"
# One scheduler that sleeps when idle: the default spins a while on every core.
_ERLANG = "+S 1:1 +SDcpu 1:1 +SDio 2 +sbwt none +sbwtdcpu none +sbwtdio none"
_CONFIG = """\
listeners.tcp.local = {address}:{port}
default_user = eco2
default_pass = {password}
default_vhost = eco2
log.console = false
disk_free_limit.absolute = 50MB
vm_memory_high_watermark.absolute = 400MB
raft.wal_max_size_bytes = 16000000
log.file.level = warning
"""
_MANAGEMENT = """\
management.tcp.ip = {address}
management.tcp.port = {port}
management_agent.disable_metrics_collector = true
"""
_METRICS = """\
prometheus.tcp.ip = {address}
prometheus.tcp.port = {port}
"""


class RabbitMQMissing(ServerStartError):
    """The package `rabbitmq-server` is not installed."""


@dataclass
class RabbitMQ(Server):
    """A RabbitMQ node with its data in `data`; `url` is valid after `start`, also after a restart.

    management_port, metrics_port: of the management API and of figures for Prometheus; 0 leaves them out.
    """

    name = "RabbitMQ"
    start_timeout_s = 120.0  # a busy machine of one core takes half a minute
    data: Path
    port: int = 0
    address: str = "127.0.0.1"
    management_port: int = 0
    metrics_port: int = 0
    _epmd: subprocess.Popen[bytes] | None = field(default=None, repr=False)
    _epmd_port: int = 0

    @property
    def url(self) -> str:
        """amqp:// URL with user, password and virtual host."""
        return f"amqp://eco2:{self._password()}@{self.address}:{self.port}/eco2"

    @property
    def greeting(self) -> Greeting:
        """AMQP's own, which is answered by Connection.Start."""
        return Greeting((self.address, self.port), _PROTOCOL_HEADER)

    @property
    def logs(self) -> list[Path]:
        """The output of its processes, and what the node itself writes."""
        return [self.data / "rabbitmq.log", *sorted((self.data / "log").glob("*.log"))]

    def launch(self) -> None:
        """Start the process, at the same port when it was started before. Raises RabbitMQMissing."""
        epmd = shutil.which("epmd")
        if not PROGRAM.exists() or epmd is None:
            raise RabbitMQMissing(
                f"{PROGRAM} is not there: install Debian's package rabbitmq-server "
                "(apt-get install rabbitmq-server); its own service need not run"
            )
        self.data.mkdir(parents=True, exist_ok=True)
        self.port = self.port or free_port(self.address)
        config = _CONFIG.format(address=self.address, port=self.port, password=self._password())
        if self.management_port:
            config += _MANAGEMENT.format(address=self.address, port=self.management_port)
        plugins = ["rabbitmq_management"] if self.management_port else []
        if self.metrics_port:
            config += _METRICS.format(address=self.address, port=self.metrics_port)
            plugins.append("rabbitmq_prometheus")
        _write_private(self.data / "rabbitmq.conf", config)
        (self.data / "enabled_plugins").write_text(f"[{','.join(plugins)}].\n")
        if self._epmd is None or self._epmd.poll() is not None:
            self._epmd_port = free_port()
            self._epmd = self._child([epmd, "-relaxed_command_check"])
        # ALLOW_INPUT makes the script become the Erlang VM instead of waiting for it, so that a signal is the VM's.
        self.process = self._child([str(PROGRAM), "-noinput"])

    def _answers(self) -> bool:
        # A method frame: Connection.Start
        return first_words((self.address, self.port), _PROTOCOL_HEADER).startswith(b"\x01")

    def stop(self) -> None:
        """Shut down in order; queues and messages are on disk. Leaves no process behind."""
        _end_all(self.process, signal.SIGTERM)
        _end_all(self._epmd, signal.SIGTERM)

    def kill(self) -> None:
        """End it as a power failure would."""
        _end_all(self.process, signal.SIGKILL)

    def _environment(self) -> dict[str, str]:
        data = self.data.resolve()
        return {
            "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
            "LANG": "C.UTF-8",
            "HOME": str(data),  # of the Erlang cookie
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(self._epmd_port),
            "ERL_CRASH_DUMP_SECONDS": "0",
            "RABBITMQ_ALLOW_INPUT": "1",
            "RABBITMQ_NODENAME": _NODE,
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_CONFIG_FILE": str(data / "rabbitmq.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(data / "enabled_plugins"),
            "RABBITMQ_MNESIA_BASE": str(data / "mnesia"),
            "RABBITMQ_LOG_BASE": str(data / "log"),
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": f"{_ERLANG} -kernel inet_dist_use_interface {{127,0,0,1}}",
        }

    def _child(self, command: list[str]) -> subprocess.Popen[bytes]:
        return spawn(command, self.data / "rabbitmq.log", env=self._environment(), cwd=self.data)

    def _password(self) -> str:
        path = self.data / "password"
        if not path.exists():
            self.data.mkdir(parents=True, exist_ok=True)
            _write_private(path, secrets.token_hex(16))
        return path.read_text()


def _end_all(process: subprocess.Popen[bytes] | None, signum: int) -> None:
    if process is None or process.poll() is not None:
        return
    end(process, signum, STOP_TIMEOUT_S)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)  # Erlang's own helpers


def _write_private(path: Path, text: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
