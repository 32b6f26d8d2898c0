"""`python -m functions.providers.simulated --port P [--host H]` (or `--fd N`, an inherited listening socket)."""

from __future__ import annotations

import argparse
import os
import sys

import uvicorn

from functions.providers.simulated.server import Simulated
from functions.providers.simulated.settings import Behaviour
from process.settings import SettingsError, read


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(
        prog="python -m functions.providers.simulated",
        description="A model provider that costs nothing: OpenAI Responses, Chat Completions and Gemini.",
        epilog="ECO2_SIMULATED_… in docs/settings.md tell latencies and faults.",
    )
    place = parser.add_mutually_exclusive_group(required=True)
    place.add_argument("--port", type=int, help="port to listen on")
    place.add_argument("--fd", type=int, help="inherited listening socket")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on with --port")
    chosen = parser.parse_args()
    try:
        behaviour = read(Behaviour, os.environ)
    except SettingsError as error:
        sys.exit(str(error))
    uvicorn.run(
        Simulated(behaviour),
        host=chosen.host,
        port=chosen.port or 0,
        fd=chosen.fd,
        access_log=False,
        log_level="warning",
        lifespan="off",
        backlog=2048,
        timeout_keep_alive=75,
    )


if __name__ == "__main__":
    main()
