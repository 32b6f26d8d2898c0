"""Refusals that are answered with S3's error documents."""

from __future__ import annotations


class ObjectRefused(Exception):
    """A request that the store does not serve; `code` is S3's, `status` HTTP's."""

    def __init__(self, code: str, message: str, status: int = 403) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
