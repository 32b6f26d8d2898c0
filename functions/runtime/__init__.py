"""The runtime of functions: declaration, adapters to CloudEvents and HTTP, resources. Functions stand on it alone."""

from functions.runtime.decorators import background_function, event_function, http_function
from functions.runtime.errors import (
    Conflict,
    Invalid,
    NotFound,
    Reject,
    Retry,
    TooLarge,
    TooMany,
    Unauthorized,
    Unavailable,
    Unprocessable,
)
from functions.runtime.request import IdempotencyKey, User
from functions.runtime.resources import Resources, Service

__all__ = [
    "Conflict",
    "IdempotencyKey",
    "Invalid",
    "NotFound",
    "Reject",
    "Resources",
    "Retry",
    "Service",
    "TooLarge",
    "TooMany",
    "Unauthorized",
    "Unavailable",
    "Unprocessable",
    "User",
    "background_function",
    "event_function",
    "http_function",
]
