"""RabbitMQ as a server of this machine."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from embedded.servers import rabbitmq as module
from embedded.servers.rabbitmq import RabbitMQ, RabbitMQMissing


def test_without_the_package_the_error_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PROGRAM", tmp_path / "absent")
    with pytest.raises(RabbitMQMissing, match="apt-get install rabbitmq-server"):
        RabbitMQ(tmp_path / "data").start()


def test_it_keeps_address_and_secret_over_restarts_and_leaves_no_process(tmp_path: Path) -> None:
    before = set(psutil.Process().children(recursive=True))
    server = RabbitMQ(tmp_path / "data")
    server.start()
    url = server.url
    assert server.process
    family = psutil.Process().children(recursive=True)
    assert any(process.pid == server.process.pid for process in family)
    server.kill()
    server.start()
    assert server.url == url
    assert RabbitMQ(tmp_path / "data", server.port).url == url
    family += psutil.Process().children(recursive=True)
    server.stop()
    assert not [process for process in {*family} - before if _command(process)]
    assert (tmp_path / "data" / "password").stat().st_mode & 0o077 == 0
    assert (tmp_path / "data" / "rabbitmq.conf").stat().st_mode & 0o077 == 0


def _command(process: psutil.Process) -> list[str]:
    try:
        return [] if process.status() == psutil.STATUS_ZOMBIE else process.cmdline()
    except psutil.NoSuchProcess:
        return []
