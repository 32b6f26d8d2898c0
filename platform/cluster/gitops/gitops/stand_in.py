"""Stands in for every node and for the controllers that run on them, until SIGTERM.

`python -m gitops.stand_in`, inside the cluster's network. Kubernetes' own controllers and its scheduler are real: it
is they who decide whether a pod has a place; this then says that the pod runs there.
"""

from __future__ import annotations

import logging
import signal
import threading
import time

from fleet.inventory import read_inventory, read_prices

from gitops import answers
from gitops.api import ApiServer

_EVERY_S = 0.5
_SIGN_OF_LIFE_S = 10
_log = logging.getLogger("gitops.stand_in")


def main() -> None:
    """Make the nodes, then answer whatever asks for an answer."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    api, inventory, prices = ApiServer(), read_inventory(), read_prices()
    nodes = [answers.node(each, inventory, prices) for each in inventory.nodes()]
    for node in nodes:
        api.create("/api/v1/nodes", node)
    alive_at = time.monotonic()
    while not stopping.wait(_EVERY_S):
        try:
            if time.monotonic() - alive_at > _SIGN_OF_LIFE_S:
                alive_at = time.monotonic()
                for node in nodes:
                    sign = {"conditions": [answers.node_ready()]}
                    api.report(f"/api/v1/nodes/{node['metadata']['name']}", sign)
            _pods(api)
            _volumes(api)
            _others(api)
        except OSError as error:  # the API server is busy, or ends before this does
            _log.warning("the API server does not answer: %s", error)


def _pods(api: ApiServer) -> None:
    for each in api.items("/api/v1/pods"):
        metadata = each["metadata"]
        path = f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}"
        if "deletionTimestamp" in metadata:
            api.delete(path)
        elif said := answers.pod(each):
            api.report(path, said)


def _volumes(api: ApiServer) -> None:
    for claim in api.items("/api/v1/persistentvolumeclaims"):
        if made := answers.volume(claim):
            api.create("/api/v1/persistentvolumes", made)


def _others(api: ApiServer) -> None:
    for kind in answers.CONTROLLERS:
        group, _, plural = kind.rpartition("/")
        for each in api.items(f"/apis/{kind}"):
            if said := answers.told(kind, each):
                metadata = each["metadata"]
                scope = f"/namespaces/{metadata['namespace']}" if "namespace" in metadata else ""
                api.report(f"/apis/{group}{scope}/{plural}/{metadata['name']}", said)


if __name__ == "__main__":
    main()
