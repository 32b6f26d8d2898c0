"""The only thing a function stands on."""

from functions.runtime.declaration import background_function, event_function, http_function
from functions.runtime.errors import (
    Conflict,
    Invalid,
    NotFound,
    Reject,
    Retry,
    TooLarge,
    Unauthorized,
    Unavailable,
    Unprocessable,
)
from functions.runtime.reply import EventStream, Reply
from functions.runtime.request import IdempotencyKey, Request, User
from functions.runtime.resources import Resources

__all__ = [
    "Conflict",
    "EventStream",
    "IdempotencyKey",
    "Invalid",
    "NotFound",
    "Reject",
    "Reply",
    "Request",
    "Resources",
    "Retry",
    "TooLarge",
    "Unauthorized",
    "Unavailable",
    "Unprocessable",
    "User",
    "background_function",
    "event_function",
    "http_function",
]
