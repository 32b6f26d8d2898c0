"""`python -m embedded.objects --folder F [--port P | --fd N] [--missing PATH]`: the object store as a process.

Locally the supervisor hands down a socket; on a cluster without S3 the store is a pod. Reads
ECO2_OBJECTS_ACCESS_KEY and ECO2_OBJECTS_SECRET_KEY.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from pathlib import Path

import uvicorn

from embedded.objects.app import application
from embedded.objects.signature import Key
from embedded.objects.store import ObjectStore
from functions.images.settings import ImageSettings
from process import logs
from process.declared import check
from process.server import configuration, inherited
from process.settings import ProcessSettings, SettingsError, read

PREFIX = "/objects"
log = logging.getLogger("eco2.objects")


def main() -> None:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m embedded.objects", description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="where objects lie")
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--fd", type=int, help="a listening socket, instead of a port")
    parser.add_argument("--missing", default="", help="path to ask for public objects that are not there")
    chosen = parser.parse_args()
    try:
        check(os.environ)
        process, images = read(ProcessSettings, os.environ), read(ImageSettings, os.environ)
    except SettingsError as error:
        sys.exit(str(error))
    secret = images.objects_secret_key.get_secret_value()
    if not secret:
        sys.exit("ECO2_OBJECTS_SECRET_KEY is not set: uploads are checked with it")
    logs.configure(process.log_level)
    store = ObjectStore(chosen.folder)
    if left := store.collect():
        log.info("removed %d files that broken writes left", left)
    app = application(store, Key(images.objects_access_key, secret), PREFIX, missing=chosen.missing)
    server = uvicorn.Server(configuration(app, host="0.0.0.0", port=chosen.port))  # noqa: S104 - a pod
    server.run(sockets=inherited(chosen.fd))


if __name__ == "__main__":
    main()
