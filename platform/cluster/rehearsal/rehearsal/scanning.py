"""A client on the wire: `python -m rehearsal.scanning URL PHOTO` prints the events that it saw and the result."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any
from uuid import uuid4

from cli import photo
from cli.client import Client
from cli.scan import submit


def main(url: str, picture: Path) -> None:
    """Sign in as somebody new, upload, submit, follow."""
    seen: list[str] = []
    client = Client(url)
    client.sign_in(f"neighbour {uuid4()}")
    result: dict[str, Any] = submit(
        client, *photo.read(picture), None, None, lambda event, _percent: seen.append(event)
    )
    json.dump({"events": seen, "result": result}, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
