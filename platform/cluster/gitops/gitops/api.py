"""The API server of the rehearsed cluster, asked as its administrator over one connection."""

from __future__ import annotations

import http.client
import json
import ssl
from typing import Any
from urllib.parse import quote

from localcluster.network import NODE
from localcluster.paths import PKI
from localcluster.pki import API_PORT

Object = dict[str, Any]
_TIMEOUT_S = 10
_MERGE = "application/merge-patch+json"


class ApiServer:
    """Answers in JSON; one thread's alone. Raises ConnectionError, and connects anew for the next question."""

    def __init__(self) -> None:
        self._context = ssl.create_default_context(cafile=str(PKI / "ca.crt"))
        self._context.load_cert_chain(PKI / "admin.crt", PKI / "admin.key")
        self._connection: http.client.HTTPSConnection | None = None

    def items(self, path: str) -> list[Object]:
        """The objects of a kind; none where the kind is not there."""
        status, answer = self._ask("GET", path)
        return list(answer.get("items") or ()) if status == 200 else []

    def create(self, path: str, made: Object) -> bool:
        """Whether it is new."""
        return self._ask("POST", path, made, "application/json")[0] == 201

    def report(self, path: str, status: Object) -> None:
        """Merge into an object's status."""
        self._ask("PATCH", f"{path}/status", {"status": status}, _MERGE)

    def delete(self, path: str) -> None:
        """At once."""
        self._ask("DELETE", path, {"gracePeriodSeconds": 0}, "application/json")

    def _ask(
        self, method: str, path: str, body: Object | None = None, kind: str = "application/json"
    ) -> tuple[int, Object]:
        if self._connection is None:
            self._connection = http.client.HTTPSConnection(
                NODE, API_PORT, timeout=_TIMEOUT_S, context=self._context
            )
        try:
            sent = None if body is None else json.dumps(body)
            self._connection.request(method, quote(path, safe="/?=&"), sent, {"Content-Type": kind})
            answer = self._connection.getresponse()
            read = answer.read()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            self._connection = None
            raise ConnectionError(f"{method} {path}: {error}") from error
        return answer.status, json.loads(read) if answer.status < 300 else {}
