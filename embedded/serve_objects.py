"""`python -m embedded.serve_objects --folder F [--port P]`: the object store by itself, below /objects.

For clusters without S3: the edge routes /objects/ here. Reads ECO2_OBJECTS_ACCESS_KEY, ECO2_OBJECTS_SECRET_KEY,
ECO2_CORS_ORIGINS and ECO2_ENV.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from uvicorn import Server

from embedded.cors import Cors
from embedded.objects import ObjectStore
from embedded.signature import Key
from functions.images.settings import ImageSettings
from process import logs
from process.declared import check
from process.server import configuration
from process.settings import ProcessSettings, SettingsError, read

PREFIX = "/objects"


def store(folder: Path) -> ObjectStore:
    """The store that the environment describes. Raises SettingsError or ValueError."""
    check(os.environ)
    configured, process = read(ImageSettings, os.environ), read(ProcessSettings, os.environ)
    secret = configured.objects_secret_key.get_secret_value()
    if not secret:
        raise SettingsError(["ECO2_OBJECTS_SECRET_KEY is not set: uploads are checked with it"])
    cors = Cors.of(process.cors_origins, loopback=process.env == "local")
    return ObjectStore(folder, Key(configured.objects_access_key, secret), cors, prefix=PREFIX)


def main() -> None:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m embedded.serve_objects", description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="where objects lie")
    parser.add_argument("--port", type=int, default=8080)
    chosen = parser.parse_args()
    try:
        application = store(chosen.folder)
    except (SettingsError, ValueError) as error:
        sys.exit(str(error))
    everywhere = "0.0.0.0"  # noqa: S104 - a pod is reached from outside
    logs.configure(read(ProcessSettings, os.environ).log_level)
    Server(configuration(application, host=everywhere, port=chosen.port)).run()


if __name__ == "__main__":
    main()
