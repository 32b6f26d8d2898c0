"""A bound on what a request's body may be, enforced while it arrives."""

from __future__ import annotations

from starlette.requests import Request
from starlette.types import Message, Receive, Scope

from functions.runtime.errors import Invalid, TooLarge


def bounded(scope: Scope, receive: Receive, most: int) -> Request:
    """The request, whose body raises TooLarge above `most` bytes: at once where Content-Length says so.

    Raises Invalid for a Content-Length that is no number.
    """
    read = 0

    async def counted() -> Message:
        nonlocal read
        message = await receive()
        read += len(message.get("body", b""))
        if read > most:
            raise _too_large(most)
        return message

    request = Request(scope, counted)
    declared = request.headers.get("content-length", "0")
    if not (declared.isascii() and declared.isdigit()):
        raise Invalid("CONTENT_LENGTH_INVALID", "Content-Length must be a number.")
    if int(declared) > most:
        raise _too_large(most)
    return request


def _too_large(most: int) -> TooLarge:
    return TooLarge("BODY_TOO_LARGE", f"The body may have {most} bytes at most.")
