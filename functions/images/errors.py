"""Errors of pictures."""

from __future__ import annotations

from typing import Literal

from functions.runtime.errors import Invalid, TooMany, Unavailable

Code = Literal["IMAGE_URL_INVALID", "IMAGE_TOO_LARGE", "IMAGE_UNREADABLE"]


class ImageRejected(Invalid):
    """The picture can never be used. `detail` says why, without repeating the address."""

    def __init__(self, code: Code, detail: str) -> None:
        super().__init__(code, detail)


class ImageUnavailable(Unavailable):
    """The picture's server did not answer well; the same address may work later."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail, code="IMAGE_UNAVAILABLE")


class TooManyUploads(TooMany):
    """The user has asked for many places without putting a picture there."""

    def __init__(self) -> None:
        super().__init__(
            "TOO_MANY_UPLOADS", "Many of your uploads hold no picture yet; finish those first.", after_s=600
        )
