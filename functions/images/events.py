"""Events of pictures, for the other domains."""

from __future__ import annotations

from typing import ClassVar

from eventing.catalogue import EventData


class PictureExpected(EventData):
    """Somebody is about to upload a picture or to ask about one; functions that work on pictures wake up."""

    type: ClassVar[str] = "eco2.images.picture.expected"
