"""What wire formats have in common: a call as the server needs it, and an answer for the format to write."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from pydantic_core import to_json

from functions.providers.simulated.course import Outcome


@dataclass(frozen=True, slots=True)
class Call:
    """A parsed request. `schema` is None when free text is wanted; `counts`: the stream shall tell the tokens.

    `text` is what the user of the API wrote last. `draws`: a picture is wanted, not text.
    """

    model: str
    task: str
    schema: Mapping[str, Any] | None
    stream: bool
    input_tokens: int
    text: str = ""
    searches: bool = False
    counts: bool = False
    draws: bool = False


@dataclass(frozen=True, slots=True)
class Said:
    """The model's answer to a call, a text or a `picture`; `refused` makes it a refusal in the format's own way."""

    id: str
    model: str
    text: str
    refused: bool
    input_tokens: int
    output_tokens: int
    cited: bool = False
    counted: bool = False
    picture: bytes | None = None


CITED = ("https://www.me.go.kr/simulated", "시험용 쪽")
"""Address and title of the page that a model which may search says it has read."""


class Wire(Protocol):
    """A wire format: how a request is read, and an answer, its stream and a failure are written.

    `failure` is None for outcomes that are no error in the format.
    """

    def parse(self, body: dict[str, Any], tokens: int) -> Call: ...
    def whole(self, said: Said) -> dict[str, Any]: ...
    def pieces(self, said: Said) -> Iterator[bytes]: ...
    def failure(self, outcome: Outcome, retry_after_s: float) -> tuple[int, dict[str, Any]] | None: ...


def server_sent(data: Mapping[str, Any], event: str = "") -> bytes:
    """One server-sent event."""
    head = f"event: {event}\n" if event else ""
    return b"%bdata: %b\n\n" % (head.encode(), to_json(data))


def words(text: str) -> list[str]:
    """The text in the pieces a stream sends; joined they are the text."""
    return [word + " " for word in text.split(" ")[:-1]] + text.split(" ")[-1:]
