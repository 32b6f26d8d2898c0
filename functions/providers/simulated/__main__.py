"""`python -m functions.providers.simulated --port P [--host H]` (or `--fd N`, an inherited listening socket)."""

from __future__ import annotations

import argparse
import os

import uvicorn

from functions.providers.simulated.behaviour import DEFAULTS, Behaviour
from functions.providers.simulated.server import Simulated


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    settings = "\n".join(
        f"  {name} ({default:g}): {meaning}" for name, (default, meaning) in DEFAULTS.items()
    )
    parser = argparse.ArgumentParser(
        prog="python -m functions.providers.simulated",
        description="A model provider that costs nothing: OpenAI Responses, Chat Completions and Gemini.",
        epilog=f"environment:\n{settings}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    place = parser.add_mutually_exclusive_group(required=True)
    place.add_argument("--port", type=int, help="port to listen on")
    place.add_argument("--fd", type=int, help="inherited listening socket")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on with --port")
    chosen = parser.parse_args()
    uvicorn.run(
        Simulated(Behaviour.from_env(os.environ)),
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
