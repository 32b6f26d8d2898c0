"""A question to a model and its answer, whichever provider it goes to."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from pydantic import BaseModel

T = TypeVar("T", bound=BaseModel)


@dataclass(frozen=True)
class ModelRequest(Generic[T]):
    """A question to a model. `image` is a JPEG; `offline` is the domain's own answer, run by the model `local`.

    `marker` names the work this call is for (such as `<job>:vision`, printable ASCII): it goes to the
    provider as `X-Client-Request-Id`, so that two calls for the same work can be told from two works. Calls are charged
    to the budget of `user_id`.
    """

    task: str
    instructions: str
    text: str
    output: type[T]
    image: bytes | None = None
    offline: Callable[[], Awaitable[T]] | None = None
    marker: str = ""
    user_id: str = ""


@dataclass(frozen=True, slots=True)
class TextRequest:
    """A question whose answer is text that comes piece by piece; `offline` is the domain's own text, for `local`.

    `searches`: the model may look things up in the web, and names what it read.
    """

    task: str
    instructions: str
    text: str
    offline: Callable[[], str] | None = None
    marker: str = ""
    user_id: str = ""
    searches: bool = False


@dataclass(frozen=True, slots=True)
class DrawingRequest:
    """A wish for a picture; `references` are PNG files that show what shall be in it."""

    task: str
    text: str
    references: tuple[bytes, ...] = ()
    marker: str = ""
    user_id: str = ""


@dataclass(frozen=True, slots=True)
class Answering:
    """Which model writes the answer that begins: the one that was asked for, or one that stands in for it."""

    model: str


@dataclass(frozen=True, slots=True)
class Citation:
    """A page of the web that a model has read for its answer."""

    url: str
    title: str


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one call; `cached_tokens` are part of `input_tokens`."""

    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.input_tokens + other.input_tokens,
            self.cached_tokens + other.cached_tokens,
            self.output_tokens + other.output_tokens,
        )


@dataclass(frozen=True, slots=True)
class Drawing:
    """A picture that a model has drawn: a file as the provider sent it, not looked at yet, and what it took."""

    image: bytes
    usage: Usage


@dataclass(frozen=True)
class Completion(Generic[T]):
    """A valid answer, who gave it and what it took. Tokens and cost include a repair."""

    output: T
    provider: str
    model: str
    input_tokens: int
    output_tokens: int
    cost_usd: float
    duration_s: float
