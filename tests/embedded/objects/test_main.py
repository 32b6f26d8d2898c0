"""The object store as a process: its socket, its keys, what it lacks."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from embedded.objects.__main__ import main
from embedded.supervisor.sockets import listen, port_of
from tests.embedded.objects.test_app import PNG, presign

KEYS = {"ECO2_OBJECTS_ACCESS_KEY": "eco2", "ECO2_OBJECTS_SECRET_KEY": "s"}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("ECO2_")]:
        monkeypatch.delenv(name)


def test_it_serves_a_socket_that_it_is_given(tmp_path: Path) -> None:
    with listen() as listener:
        command = [sys.executable, "-m", "embedded.objects", "--folder", str(tmp_path / "objects")]
        command += ["--fd", str(listener.fileno())]
        url = f"http://127.0.0.1:{port_of(listener)}"
        with subprocess.Popen(command, pass_fds=[listener.fileno()], env={**os.environ, **KEYS}) as process:
            place = f"{url}/objects/eco2-images/public/a.png"
            put = urllib.request.Request(
                str(presign(place)), PNG, {"Content-Type": "image/png"}, method="PUT"
            )
            for asked in (put, place, f"{url}/health/ready"):
                with urllib.request.urlopen(asked, timeout=20) as response:
                    assert response.status == 200
            process.send_signal(signal.SIGTERM)
            assert process.wait(10) in (0, -signal.SIGTERM)


def test_at_a_port_it_is_reached_from_outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    served: list[tuple[str, int]] = []
    monkeypatch.setattr(
        "embedded.objects.__main__.uvicorn.Server.run",
        lambda self, sockets: served.append((self.config.host, self.config.port)),
    )
    monkeypatch.setattr("process.logs.configure", lambda _level: None)
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "argv", ["objects", "--folder", str(tmp_path), "--port", "9001"])
    main()
    assert served == [("0.0.0.0", 9001)]


def test_a_file_that_the_system_lets_not_grow_is_507(tmp_path: Path) -> None:
    """A limit on files (RLIMIT_FSIZE) is what a full disk or a quota is to a write: it breaks off in the middle."""
    with listen() as listener:
        program = (
            "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))\n"
            "from embedded.objects.__main__ import main; main()"
        )
        command = [sys.executable, "-c", program, "--folder", str(tmp_path / "objects")]
        command += ["--fd", str(listener.fileno())]
        place = f"http://127.0.0.1:{port_of(listener)}/objects/eco2-images/public/a.png"
        with subprocess.Popen(command, pass_fds=[listener.fileno()], env={**os.environ, **KEYS}) as process:
            try:
                put = urllib.request.Request(
                    str(presign(place)), PNG, {"Content-Type": "image/png"}, method="PUT"
                )
                with pytest.raises(urllib.error.HTTPError) as refused:
                    urllib.request.urlopen(put, timeout=20)
                assert refused.value.code == 507
                assert b"InsufficientStorage" in refused.value.read()
                refused.value.close()
                with pytest.raises(urllib.error.HTTPError) as unknown:
                    urllib.request.urlopen(place, timeout=20)
                assert unknown.value.code == 404
                unknown.value.close()
            finally:
                process.send_signal(signal.SIGTERM)
    assert not [path for path in (tmp_path / "objects").rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    ("environment", "said"),
    [({}, "ECO2_OBJECTS_SECRET_KEY is not set"), ({"ECO2_OBJECT_KEY": "x"}, "no such setting")],
)
def test_without_its_keys_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], said: str
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "argv", ["objects", "--folder", str(tmp_path)])
    with pytest.raises(SystemExit, match=said):
        main()
