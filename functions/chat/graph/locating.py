"""Where a question is about: by its words, by where its user is, by what was said before."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from pydantic import ValidationError

from functions.chat.events import Coordinates
from functions.chat.graph.state import TurnState
from functions.chat.tools.settings import ToolSettings
from functions.chat.tools.whereabouts import Whereabouts, around, named
from functions.locations.geometry import Position
from functions.locations.kakao import KakaoLocal
from functions.runtime.resources import Service

if TYPE_CHECKING:
    from functions.runtime.resources import Resources

WHERE = "어디 근처에서 찾을까요? 현재 위치를 알려 주시면 가까운 곳부터 찾아볼게요."
_NEAR = re.compile(r"근처|가까운|주변|여기|이 동네|우리 동네|위치|찾아")


class Locator(Service):
    """Turns what is said and where its user is into a region and a position."""

    def __init__(self, kakao: KakaoLocal, *, tells_weather: bool) -> None:
        self._kakao, self._tells_weather = kakao, tells_weather

    @classmethod
    async def open(cls, resources: Resources) -> Self:
        """Over Kakao's regions."""
        weather = bool(resources.settings(ToolSettings).kma_key.get_secret_value())
        # How towns are written is compiled on first use, which is not to be within a question.
        await asyncio.to_thread(named, "")
        return cls(await resources.get(KakaoLocal), tells_weather=weather)

    async def known(self, state: TurnState) -> Whereabouts:
        """What is known without asking: a named town counts before the user's position, and that before the past."""
        town = named(state["message"])
        position = position_of(state.get("location"))
        if town:
            return Whereabouts(town.region, position or town.position, named=True)
        region = await self._region(position) if position else None
        return Whereabouts(region or state.get("home"), position, named=False)

    def asks(self, state: TurnState, known: Whereabouts) -> bool:
        """Whether the user has to be asked: where the answer is a place near by, and nobody has told near what."""
        if known.position or known.named or known.region or state.get("declined"):
            return False
        intents = set(state["intents"])
        return (
            "location" in intents
            or ("collection_point" in intents and _NEAR.search(state["message"]) is not None)
            or ("weather" in intents and self._tells_weather)
        )

    async def given(self, data: Mapping[str, Any] | None) -> Whereabouts:
        """Where the user says to be; nothing is known where that is no position."""
        position = position_of(data)
        region = await self._region(position) if position else None
        return Whereabouts(region, position, named=False)

    async def _region(self, position: Position) -> str | None:
        return await self._kakao.region(position) or around(position)


def position_of(data: Mapping[str, Any] | None) -> Position | None:
    """The position in a document with latitude and longitude; None where it has none."""
    try:
        read = Coordinates.model_validate(data)
    except ValidationError:
        return None
    return Position(read.latitude, read.longitude)
