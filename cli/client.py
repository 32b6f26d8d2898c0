"""A client of the platform's API: sign in, upload, submit, follow. Standard library only, to start fast."""

from __future__ import annotations

import http.client
import itertools
import json
import socket
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit

from cli.errors import CliError
from cli.words import say

TIMEOUT_S = 30.0
SILENCE_S = 60.0
RECONNECT_WAIT_S = 0.5
RECONNECTS = 5
UNAVAILABLE_TRIES = 10
UNAVAILABLE_WAIT_S = 0.5


@dataclass(slots=True)
class Client:
    """One signed-in user at one platform."""

    url: str
    _cookies: dict[str, str] = field(default_factory=dict)

    def sign_in(self, name: str) -> None:
        """Sign in as in development; the same name is the same user. Raises CliError."""
        response, _ = self._exchange("GET", f"/api/v1/auth/local/login?name={quote(name)}")
        if response.status not in (200, 302, 303, 307) or "s_access" not in self._cookies:
            raise CliError(
                say("sign-in at {url} answered {status}", url=self.url, status=response.status),
                say("it works where ECO2_ENV=local; is this the right --url?"),
            )

    def get(self, path: str) -> tuple[int, Any]:
        """GET: status and JSON. Raises CliError."""
        return self._json("GET", path)

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Any request: status and JSON, None without a body. Raises CliError."""
        return self._json(method, path, body)

    def post(self, path: str, body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Any:
        """POST: JSON of a successful answer. Raises CliError with the problem's detail otherwise."""
        return _accepted(*self._json("POST", path, body, headers))

    def delete(self, path: str) -> None:
        """DELETE. Raises CliError with the problem's detail where it was refused."""
        _accepted(*self._json("DELETE", path))

    def put(self, url: str, body: bytes, content_type: str) -> None:
        """Upload to a presigned URL. Raises CliError."""
        parts = urlsplit(url)
        connection = _connect(parts.netloc, secure=parts.scheme == "https")
        try:
            connection.request("PUT", f"{parts.path}?{parts.query}", body, {"Content-Type": content_type})
            response = connection.getresponse()
            text = response.read(500).decode("utf-8", "replace")
        except OSError as error:
            raise CliError(
                say("the upload to {netloc} failed: {error}", netloc=parts.netloc, error=error)
            ) from None
        finally:
            connection.close()
        if response.status >= 300:
            raise CliError(
                say("the upload was refused with {status}: {text}", status=response.status, text=text)
            )

    def events(self, path: str, *, endless: bool = False) -> Iterator[tuple[str, Any]]:
        """Events of a stream to its end, as (event, data); a broken connection is taken up again. Raises CliError.

        endless: for as long as the caller reads.
        """
        last = ""
        for _ in itertools.count() if endless else range(RECONNECTS):
            headers = {"Accept": "text/event-stream", "Cookie": self._cookie()}
            if last:
                headers["Last-Event-ID"] = last
            parts = urlsplit(self.url)
            connection = _connect(parts.netloc, secure=parts.scheme == "https", timeout_s=SILENCE_S)
            try:
                connection.request("GET", path, headers=headers)
                response = connection.getresponse()
                if response.status == 204:  # what broke off was the end
                    return
                if response.status == 503 and endless:  # a process of the platform is starting again
                    time.sleep(UNAVAILABLE_WAIT_S)
                    continue
                if response.status != 200:
                    raise CliError(say("the event stream answered {status}", status=response.status))
                for event, identity, data in _parse(response):
                    last = identity or last
                    yield event, data
                    if event in ("done", "error"):
                        return
            except (OSError, http.client.HTTPException):
                time.sleep(RECONNECT_WAIT_S)
                continue
            finally:
                connection.close()
        raise CliError(say("the event stream breaks off again and again"), say("look at: eco2 doctor"))

    def _json(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, headers: Any = None
    ) -> tuple[int, Any]:
        response, content = self._exchange(method, path, body, headers or {})
        try:
            return response.status, json.loads(content) if content else None
        except ValueError:
            raise CliError(
                say(
                    "{url}{path} answered no JSON (status {status})",
                    url=self.url,
                    path=path,
                    status=response.status,
                )
            ) from None

    def _exchange(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, headers: Any = None
    ) -> tuple[http.client.HTTPResponse, bytes]:
        for _ in range(UNAVAILABLE_TRIES):
            response, content = self._once(method, path, body, headers)
            if response.status != 503:
                break
            # Nothing was done, or the idempotency key tells it: a process of the platform is starting again.
            time.sleep(UNAVAILABLE_WAIT_S)
        return response, content

    def _once(
        self, method: str, path: str, body: Mapping[str, Any] | None, headers: Any
    ) -> tuple[http.client.HTTPResponse, bytes]:
        parts = urlsplit(self.url)
        sent = {"Cookie": self._cookie(), **(headers or {})}
        if body is not None:
            sent["Content-Type"] = "application/json"
        connection = _connect(parts.netloc, secure=parts.scheme == "https")
        try:
            connection.request(method, path, json.dumps(body) if body is not None else None, sent)
            response = connection.getresponse()
            content = response.read()
        except (OSError, http.client.HTTPException) as error:
            raise CliError(
                say("nothing answers at {url} ({error})", url=self.url, error=error),
                say("start it with: eco2 up"),
            ) from None
        finally:
            connection.close()
        for cookie in response.headers.get_all("set-cookie") or []:
            name, _, value = cookie.partition(";")[0].partition("=")
            self._cookies[name] = value
        return response, content

    def _cookie(self) -> str:
        return "; ".join(f"{name}={value}" for name, value in self._cookies.items())


def _accepted(status: int, answer: Any) -> Any:
    if status >= 300:
        detail = answer.get("detail", answer) if isinstance(answer, dict) else answer
        raise CliError(say("the platform answered {status}: {detail}", status=status, detail=detail))
    return answer


def _connect(netloc: str, *, secure: bool, timeout_s: float = TIMEOUT_S) -> http.client.HTTPConnection:
    if secure:
        return http.client.HTTPSConnection(netloc, timeout=timeout_s)
    if (urlsplit(f"//{netloc}").hostname or "").endswith(".localhost"):
        return _ThisMachine(netloc, timeout=timeout_s)
    return http.client.HTTPConnection(netloc, timeout=timeout_s)


class _ThisMachine(http.client.HTTPConnection):
    """A connection to a name below localhost, which is this machine (RFC 6761) though not every resolver knows."""

    def connect(self) -> None:
        self.sock = socket.create_connection(("127.0.0.1", self.port), self.timeout)


def _parse(response: http.client.HTTPResponse) -> Iterator[tuple[str, str, Any]]:
    event = identity = data = ""
    for raw in response:
        line = raw.decode().rstrip("\r\n")
        if not line:
            if data:
                yield event, identity, json.loads(data)
            event = data = ""
        elif line.startswith("event:"):
            event = line[6:].strip()
        elif line.startswith("id:"):
            identity = line[3:].strip()
        elif line.startswith("data:"):
            data += line[5:].strip()
