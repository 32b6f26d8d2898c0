"""The interface of a provider behind the network: one question out, one text back."""

from __future__ import annotations

import binascii
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias

from functions.providers.errors import ModelUnavailable
from functions.providers.request import (
    Citation,
    Drawing,
    DrawingRequest,
    ModelRequest,
    T,
    TextRequest,
    Usage,
)
from functions.providers.schema import WireSchema, wire_schema

CONNECT_TIMEOUT_S: Final = 5.0

# For the token limiter only; what a call really used is settled afterwards.
IMAGE_TOKENS: Final = 1_000
OUTPUT_TOKENS: Final = 500
DRAWN_TOKENS: Final = 1_500

MOST_DRAWN_BYTES: Final = 10 * 1024 * 1024
"""Of a picture from a provider; a larger one is not even decoded."""


Piece: TypeAlias = str | Citation | Usage
"""What comes of an answer that is written piece by piece: text, what it cites, and last what it took."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """A request without its Python types; without a schema the answer is free text."""

    model: str
    instructions: str
    text: str
    image: bytes | None
    schema: WireSchema | None
    marker: str
    searches: bool = False

    @classmethod
    def of(cls, model: str, request: ModelRequest[T]) -> Prompt:
        return cls(
            model=model,
            instructions=request.instructions,
            text=request.text,
            image=request.image,
            schema=wire_schema(request.output),
            marker=_printable(request.marker),
        )

    @classmethod
    def written(cls, model: str, request: TextRequest) -> Prompt:
        return cls(
            model=model,
            instructions=request.instructions,
            text=request.text,
            image=None,
            schema=None,
            marker=_printable(request.marker),
            searches=request.searches,
        )

    @property
    def estimated_tokens(self) -> int:
        """The prompt's tokens, roughly."""
        return tokens(self.instructions + self.text) + OUTPUT_TOKENS + (IMAGE_TOKENS if self.image else 0)


@dataclass(frozen=True, slots=True)
class Sketch:
    """A wish for a picture as providers take it."""

    model: str
    text: str
    references: tuple[bytes, ...]
    marker: str

    @classmethod
    def of(cls, model: str, request: DrawingRequest) -> Sketch:
        return cls(model, request.text, request.references, _printable(request.marker))

    @property
    def estimated_tokens(self) -> int:
        """Tokens of the wish and of the picture, roughly."""
        return tokens(self.text) + IMAGE_TOKENS * len(self.references) + DRAWN_TOKENS


@dataclass(frozen=True, slots=True)
class ModelReply:
    """The model's text, meant to be JSON, and what it took."""

    text: str
    usage: Usage


class Provider(Protocol):
    """A provider. Raises ModelUnavailable and ModelRefused only; never retries, never limits: its Link does."""

    name: str

    async def open(self) -> None:
        """Import the client library and make the client. Safe to call again."""

    async def ask(self, prompt: Prompt) -> ModelReply:
        """Make one call. The caller bounds the time; cancelling closes the connection."""

    def write(self, prompt: Prompt) -> AsyncGenerator[Piece]:
        """Make one call whose answer comes piece by piece. Closing the generator closes the connection."""

    async def draw(self, sketch: Sketch) -> Drawing:
        """Make one call for one picture."""

    async def close(self) -> None:
        """Close the client's connections."""


def tokens(text: str) -> int:
    """How many tokens a text has, roughly: in Korean about one a character and a half, for all hosted models alike."""
    return len(text) * 2 // 3


def drawn(model: str, text: str | None) -> bytes:
    """The picture in base64 text. Raises ModelUnavailable where there is none, or one too large."""
    if not text:
        raise ModelUnavailable(model, "server_error", "no picture")
    if len(text) > MOST_DRAWN_BYTES * 4 // 3 + 4:
        raise ModelUnavailable(model, "rejected", "the picture is too large")
    try:
        return binascii.a2b_base64(text, strict_mode=True)
    except ValueError:
        raise ModelUnavailable(model, "server_error", "no base64") from None


def _printable(marker: str) -> str:
    return "".join(each for each in marker if "!" <= each <= "~")[:256]
