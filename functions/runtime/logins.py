"""Logins that ended before their time, told to what is open for a login, such as a stream."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

from functions.runtime.resources import Service

if TYPE_CHECKING:
    from functions.runtime.resources import Resources


class EndedLogins(Service):
    """The sessions that have ended, known a moment after they did."""

    @abstractmethod
    def ended(self, session: str) -> bool:
        """Whether a session is known to have ended."""

    @abstractmethod
    def on_end(self, listener: Callable[[str], None]) -> None:
        """Call `listener` with each session that ends from now on."""


async def ended_logins(resources: Resources) -> EndedLogins:
    """Those of sign-in, which stands above the runtime; it reads the database and the Redis of the role `auth`."""
    found: type[EndedLogins] = import_module("functions.auth.revocations").Revocations
    return await resources.get(found)
