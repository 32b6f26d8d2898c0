"""A client on the wire: `python -m rehearsal.scanning URL PHOTO` prints the events that it saw and the result."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

from cli import photo
from cli.client import Client
from cli.errors import CliError
from cli.scan import result, upload

T = TypeVar("T")
_PATIENCE_S, _EVERY_S = 120.0, 3.0


def main(url: str, picture: Path) -> None:
    """Sign in as somebody new, upload, submit, follow."""
    client, name, key = Client(url), f"neighbour {uuid4()}", str(uuid4())
    content, kind = photo.read(picture)
    insist(lambda: client.sign_in(name))
    body = {"image_url": insist(lambda: upload(client, content, kind, "scan"))}
    accepted = insist(lambda: client.post("/api/v1/scan", body, {"Idempotency-Key": key}))
    seen = insist(lambda: _followed(client, accepted["stream_url"]))
    found = insist(lambda: result(client, accepted["result_url"]))
    json.dump({"events": seen, "result": found}, sys.stdout)


def _followed(client: Client, stream: str) -> list[str]:
    return [event for event, _ in client.events(stream) if event != "keepalive"]


def insist(ask: Callable[[], T], patience_s: float = _PATIENCE_S, every_s: float = _EVERY_S) -> T:
    """Ask what is safe to repeat until it is answered: on busy cores a function starts later than the edge waits."""
    deadline = time.monotonic() + patience_s
    while True:
        try:
            return ask()
        except CliError:
            if time.monotonic() > deadline:
                raise
        time.sleep(every_s)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
