"""`python -m embedded.identity [--port P | --fd N]`: the local identity provider as a process, on loopback only.

Reads ECO2_IDENTITY_CLIENT and ECO2_IDENTITY_SECRET, by which it knows the platform.
"""

from __future__ import annotations

import argparse
import os
import sys

import uvicorn

from embedded.identity.app import OurClient, application
from embedded.settings import LocalIdentitySettings
from process import logs
from process.declared import check
from process.server import configuration, inherited
from process.settings import ProcessSettings, SettingsError, read


def main() -> None:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m embedded.identity", description=__doc__)
    parser.add_argument("--port", type=int, default=8300)
    parser.add_argument("--fd", type=int, help="a listening socket, instead of a port")
    chosen = parser.parse_args()
    try:
        check(os.environ)
        process, identity = read(ProcessSettings, os.environ), read(LocalIdentitySettings, os.environ)
    except SettingsError as error:
        sys.exit(str(error))
    secret = identity.identity_secret.get_secret_value()
    if process.env != "local" or not secret:
        sys.exit("The local identity provider needs ECO2_ENV=local and ECO2_IDENTITY_SECRET")
    logs.configure(process.log_level)
    app = application(OurClient(identity.identity_client, secret))
    server = uvicorn.Server(configuration(app, host="127.0.0.1", port=chosen.port))
    server.run(sockets=inherited(chosen.fd))


if __name__ == "__main__":
    main()
