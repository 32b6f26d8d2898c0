"""The local identity provider as a process: its socket, and what it lacks."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import urllib.request

import pytest

from embedded.identity.__main__ import main
from embedded.supervisor.sockets import listen, port_of

SETTINGS = {"ECO2_ENV": "local", "ECO2_IDENTITY_SECRET": "s"}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("ECO2_")]:
        monkeypatch.delenv(name)


def test_it_serves_a_socket_that_it_is_given() -> None:
    with listen() as listener:
        command = [sys.executable, "-m", "embedded.identity", "--fd", str(listener.fileno())]
        url = f"http://127.0.0.1:{port_of(listener)}/health/ready"
        with subprocess.Popen(
            command, pass_fds=[listener.fileno()], env={**os.environ, **SETTINGS}
        ) as process:
            with urllib.request.urlopen(url, timeout=20) as response:
                assert response.status == 200
            process.send_signal(signal.SIGTERM)
            assert process.wait(10) in (0, -signal.SIGTERM)


def test_at_a_port_it_is_reached_on_loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    served: list[tuple[str, int]] = []
    monkeypatch.setattr(
        "embedded.identity.__main__.uvicorn.Server.run",
        lambda self, sockets: served.append((self.config.host, self.config.port)),
    )
    monkeypatch.setattr("process.logs.configure", lambda _level: None)
    for name, value in SETTINGS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "argv", ["identity", "--port", "9001"])
    main()
    assert served == [("127.0.0.1", 9001)]


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({}, "ECO2_IDENTITY_SECRET"),
        (SETTINGS | {"ECO2_ENV": "production"}, "ECO2_ENV=local"),
        ({"ECO2_IDENTITY_KEY": "x"}, "no such setting"),
    ],
)
def test_without_its_settings_it_says_so(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], said: str
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "argv", ["identity"])
    with pytest.raises(SystemExit, match=said):
        main()
