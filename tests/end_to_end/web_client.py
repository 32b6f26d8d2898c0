"""The web client as the edge sees it: a browser on another origin, with cookies, preflights and an EventSource."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

import httpx

PATIENCE_S = 30.0
SIMPLE = {"GET", "HEAD", "POST"}


class WebClient:
    """What axios and EventSource do in a page at `origin`: credentials with every call of the API, none with a PUT."""

    def __init__(self, api: str, origin: str) -> None:
        self.api, self.origin = api, origin
        self.http = httpx.Client(timeout=PATIENCE_S, trust_env=False, follow_redirects=False)

    @classmethod
    @contextmanager
    def opened(cls, api: str, origin: str = "http://localhost:5173") -> Iterator[Self]:
        """A browser that has never been here."""
        client = cls(api, origin)
        yield client
        client.http.close()

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        """A call of the API as axios makes it: 401 is followed by a refresh and the call again."""
        answer = self.once(method, path, body, **headers)
        if answer.status_code == 401 and "/auth/" not in path:
            if self.once("POST", "/api/v1/auth/refresh").is_success:
                return self.once(method, path, body, **headers)
            # The same interceptor: it must not be refused, or the client calls for ever.
            assert self.once("POST", "/api/v1/auth/logout").is_success
        return answer

    def once(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        """One call, after its preflight where a browser makes one."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        content = None
        if body is not None:
            content, sent = (
                json.dumps(body, ensure_ascii=False).encode(),
                {**sent, "content-type": "application/json"},
            )
        if method not in SIMPLE or sent:
            self.preflight(method, self.api + path, sent)
        answer = self.http.request(
            method,
            self.api + path,
            content=content,
            headers={**sent, "accept": "application/json, text/plain, */*", "origin": self.origin},
        )
        self.readable(answer)
        return answer

    def preflight(self, method: str, url: str, headers: dict[str, str], *, credentials: bool = True) -> None:
        """What a browser asks before a call that no form could make (Fetch standard, 4.8)."""
        asked = {"origin": self.origin, "access-control-request-method": method}
        if headers:
            asked["access-control-request-headers"] = ",".join(sorted(map(str.lower, headers)))
        # A preflight has no cookies.
        answer = httpx.options(url, headers=asked, trust_env=False, timeout=PATIENCE_S)
        assert answer.is_success, answer
        told = {
            name.strip().lower() for name in answer.headers.get("access-control-allow-headers", "").split(",")
        }
        assert {name.lower() for name in headers} <= told
        if method not in SIMPLE:
            assert method in answer.headers["access-control-allow-methods"]
        self.readable(answer, credentials=credentials)

    def readable(self, answer: httpx.Response, *, credentials: bool = True) -> None:
        """A page may read the answer."""
        if credentials:
            assert answer.headers["access-control-allow-origin"] == self.origin, answer
            assert answer.headers["access-control-allow-credentials"] == "true"
        else:
            assert answer.headers["access-control-allow-origin"] in (self.origin, "*")

    def put(self, url: str, content: bytes, kind: str) -> None:
        """The upload: plain axios, the file's type and nothing else, no cookies."""
        self.preflight("PUT", url, {"content-type": kind}, credentials=False)
        answer = httpx.put(
            url,
            content=content,
            headers={"content-type": kind, "origin": self.origin},
            trust_env=False,
            timeout=PATIENCE_S,
        )
        assert answer.is_success, answer
        self.readable(answer, credentials=False)

    def navigate(self, url: str) -> httpx.Response:
        """Go to an address as `location.href` does: with cookies and no Origin."""
        return self.http.get(url, headers={"accept": "text/html"})

    def events(self, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """The named events of a native EventSource until the stream ends; unnamed ones do not count."""
        headers = {"accept": "text/event-stream", "origin": self.origin, "cache-control": "no-cache"}
        with self.http.stream("GET", self.api + path, headers=headers) as answer:
            assert answer.status_code == 200, answer
            assert answer.headers["content-type"].startswith("text/event-stream")
            self.readable(answer)
            name, data = "", ""
            for line in answer.iter_lines():
                if line.startswith("event:"):
                    name = line[6:].strip()
                elif line.startswith("data:"):
                    data += line[5:].strip()
                elif not line and data:
                    assert name, "an event without a name"
                    yield name, json.loads(data)
                    name, data = "", ""
