"""Pictures of turns: begun once each, whoever comes, because each costs. Column `drawing` of `chat.turns`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from functions.chat.statements import DRAW, DRAWN
from functions.runtime.resources import Service

if TYPE_CHECKING:
    from functions.runtime.database import Database
    from functions.runtime.resources import Resources


class Drawings(Service):
    """Which turns have a picture, or have begun one."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @classmethod
    async def open(cls, resources: Resources) -> Self:
        """Over the database."""
        return cls(await resources.database())

    async def begin(self, job_id: str) -> str | None:
        """None for who may draw the turn's picture; else its address, empty where it was begun and never kept."""
        row = await self._database.one(DRAW, {"job": job_id})
        begun, address = row or (0, "")
        return None if begun else address

    async def end(self, job_id: str, address: str) -> None:
        """The picture is kept at this address."""
        await self._database.run(DRAWN, (address, job_id))
