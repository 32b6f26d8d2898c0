"""The HTTP protocol of all our servers: uvicorn's over httptools, but it ignores offers to change the protocol.

A client that would rather speak HTTP/2 sends `Upgrade: h2c` with a request that has a body (Java's HttpClient does so
unless told otherwise). RFC 9110, 7.8 lets a server ignore the offer; httptools ends such a message with its head, and
uvicorn would answer it without its body and take the body for the next request.
"""

from __future__ import annotations

from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_OF_AN_OFFER = (b"upgrade", b"http2-settings")


class Protocol(HttpToolsProtocol):
    """A connection of a client."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self.parser = _Parser(self)

    @property
    def offered(self) -> bool:
        """Whether the message that is being read offers another protocol. (CONNECT asks for one.)"""
        return self.parser.should_upgrade() and self.parser.get_method() != b"CONNECT"

    def on_headers_complete(self) -> None:
        """Start to answer, unless the head is going to be read again without the offer."""
        if not self.offered:
            super().on_headers_complete()

    def on_message_complete(self) -> None:
        """End the body, unless the head is going to be read again without the offer."""
        if not self.offered:
            super().on_message_complete()

    def head_without_offer(self) -> bytes:
        """The head that was read last, as bytes."""
        lines = [
            b"%b %b HTTP/%b" % (self.parser.get_method(), self.url, self.parser.get_http_version().encode())
        ]
        for name, value in self.headers:
            if name == b"connection":
                options = (option.strip() for option in value.split(b","))
                value = b", ".join(option for option in options if option.lower() not in _OF_AN_OFFER)  # noqa: PLW2901
            if name not in _OF_AN_OFFER and value:
                lines.append(b"%b: %b" % (name, value))
        return b"\r\n".join([*lines, b"", b""])


class _Parser(httptools.HttpRequestParser):
    """A parser that reads a message with an offer of another protocol a second time, without the offer."""

    def __init__(self, protocol: Protocol) -> None:
        super().__init__(protocol)
        self.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn's own
        self._protocol = protocol

    def feed_data(self, data: bytes) -> None:  # type: ignore[override]
        protocol, parser = self._protocol, self
        while True:
            try:
                httptools.HttpRequestParser.feed_data(parser, data)
            except httptools.HttpParserUpgrade as paused:
                if not protocol.offered:
                    raise
                data = protocol.head_without_offer() + data[paused.args[0] :]
                parser = protocol.parser = _Parser(protocol)  # this one is done with what it has read
            else:
                return
