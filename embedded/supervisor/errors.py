"""Why the platform can't start; each message says what to do."""

from __future__ import annotations


class CannotStartError(RuntimeError):
    """The message is one line for the terminal: what is wrong, and what to do."""


class AlreadyRunningError(CannotStartError):
    """Another supervisor holds this home; `url` is where it serves, when known."""

    def __init__(self, home: str, url: str) -> None:
        at = f" at {url}" if url else ""
        super().__init__(f"{home} is running already{at}; stop it with: eco2 down --home {home}")
        self.url = url


class SupervisionLostError(CannotStartError):
    """A child is not kept running any more, as of an error of the supervisor itself; the platform has stopped."""

    def __init__(self, name: str, error: BaseException) -> None:
        super().__init__(f"{name} could not be looked after any more ({error}); the platform has stopped")
