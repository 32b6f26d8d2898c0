"""`python -m functions.providers.simulated --port P [--host H]` (or `--fd N`, an inherited listening socket)."""

from __future__ import annotations

import argparse
import os
import sys

from uvicorn.server import Server

from functions.providers.simulated.server import Simulated
from functions.providers.simulated.settings import Behaviour
from process import logs
from process.server import configuration, inherited
from process.settings import ProcessSettings, SettingsError, read

GRACE_S = 1.0  # a call that hangs on purpose would hold the process up for minutes


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
        behaviour, process = read(Behaviour, os.environ), read(ProcessSettings, os.environ)
    except SettingsError as error:
        sys.exit(str(error))
    logs.configure(process.log_level)
    where = {"host": chosen.host, "port": chosen.port or 0}
    server = Server(configuration(Simulated(behaviour), grace_s=GRACE_S, **where))
    server.run(sockets=inherited(chosen.fd))


if __name__ == "__main__":
    main()
