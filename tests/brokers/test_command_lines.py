from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from brokers.embedded.__main__ import main as embedded
from brokers.rabbitmq.__main__ import main as rabbitmq

Main = Callable[[], str | None]


@pytest.mark.parametrize(
    ("main", "setting", "scheme"),
    [(embedded, "ECO2_DATABASE_URL", "postgresql"), (rabbitmq, "ECO2_AMQP_URL", "amqp")],
)
def test_a_broker_says_what_it_was_not_told(
    main: Main, setting: str, scheme: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "argv", ["broker", "--port", "0"])
    monkeypatch.delenv(setting, raising=False)
    assert setting in (main() or "")
    monkeypatch.setenv(f"{setting}_FILE", str(tmp_path / "missing"))
    assert f"{setting}_FILE" in (main() or "")
    monkeypatch.delenv(f"{setting}_FILE")
    monkeypatch.setenv(setting, f"{scheme}://nowhere")
    monkeypatch.setattr("resource.setrlimit", lambda *_: None)
    monkeypatch.setattr("process.logs.configure", lambda _level: None)
    assert "--triggers FILE" in (main() or "")
