"""The interface of a provider behind the network: one question out, one text back."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias

from functions.providers.request import Citation, ModelRequest, T, TextRequest, Usage
from functions.providers.schema import WireSchema, wire_schema

CONNECT_TIMEOUT_S: Final = 5.0

# For the token limiter only; what a call really used is settled afterwards.
IMAGE_TOKENS: Final = 1_000
OUTPUT_TOKENS: Final = 500


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

    async def close(self) -> None:
        """Close the client's connections."""


def tokens(text: str) -> int:
    """How many tokens a text has, roughly: in Korean about one a character and a half, for all hosted models alike."""
    return len(text) * 2 // 3


def _printable(marker: str) -> str:
    return "".join(each for each in marker if "!" <= each <= "~")[:256]
