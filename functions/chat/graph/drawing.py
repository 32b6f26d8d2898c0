"""The branch that draws: what may be drawn, with which characters in it, for whom, and once a turn.

A picture costs as much as many answers. It is begun once a turn, whatever becomes of the process; one that was begun
and is not kept is not begun again.
"""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Self

from functions.character.catalogue import CHARACTERS, DEFAULT, Character
from functions.character.pictures import CharacterPictures, reference
from functions.chat.drawings import Drawings
from functions.chat.graph.policies import found, nothing
from functions.chat.graph.prompts import prompt
from functions.chat.graph.state import Branch, Found
from functions.chat.settings import ChatSettings
from functions.images.copies import PublicCopies
from functions.providers.errors import ModelError, ModelRefused
from functions.providers.registry import drawing_model
from functions.providers.request import DrawingRequest
from functions.providers.shared import SharedModels
from functions.runtime.errors import FunctionError
from functions.runtime.resources import Service
from functions.runtime.shares import Shares
from functions.scan.korean import with_particle

if TYPE_CHECKING:
    from functions.runtime.resources import Resources

log = logging.getLogger(__name__)
LONGEST = 1_000
"""Characters of a wish."""
MOST = 3
"""Characters of the catalogue in one picture."""
DRAWN_WITHIN_S = 24.0
"""Of the branch's time; the rest is for keeping the picture."""
DAY_S = 86_400

NO_MODEL = "저는 지금 그림을 그릴 수 없어요. 그림을 그리는 모델이 연결되어 있지 않거든요."
UNFIT = "그런 그림은 그려 드릴 수 없어요. 분리배출을 하는 모습이나 이코와 친구들이 나오는 그림이라면 그려 드릴게요."
ENOUGH = "오늘 그려 드릴 수 있는 그림을 모두 그렸어요. 내일 다시 부탁해 주세요."
LOST = "그림을 그리다가 끊겼어요. 같은 그림을 두 번 그리지 않으려고 멈췄으니, 필요하시면 다시 부탁해 주세요."
NOT_NOW = "지금은 그림을 그리지 못했어요. 잠시 후 다시 부탁해 주세요."
MADE = "AI가 그린 그림이라 실제 모습이나 배출 방법과 다를 수 있어요."
# A first look, before anything is paid; a provider looks at the rest.
_UNFIT = re.compile(
    r"야한|야하게|선정적|누드|나체|알몸|옷을?\s*(벗|안\s*입)|음란|포르노|성인물|19금|성행위|섹스|\b(sex|nude|naked|nsfw|porn)"
    r"|잔인하|잔인한|잔혹|고문하|고문당|참수|시체|피투성이|피를?\s*흘|살인|죽이는|죽여|자살|자해|총을?\s*(쏘|겨누|든)|테러|학살"
    r"|나치|히틀러|욱일기|혐오|비하하|마약|필로폰|대마초"
    r"|대통령|국회의원|연예인|아이돌|실존\s*인물"
    r"|위조|가짜\s*(스티커|봉투|신분증)|신분증|주민등록증|운전면허증|여권|지폐|수표|상품권|(폐기물|수거|배출)\s*스티커",
    re.IGNORECASE,
)
_SOMEBODY = re.compile(r"캐릭터|마스코트|너(를|의)?\s*(모습|얼굴)|너를\s*그|네\s*(모습|얼굴)|자화상")


class Illustrator(Service):
    """Draws by a hosted model, keeps the picture, and shows a character's own where nobody can draw."""

    def __init__(
        self,
        models: SharedModels,
        pictures: CharacterPictures,
        drawings: Drawings,
        most_a_day: int,
        resources: Resources,
    ) -> None:
        self._models, self._pictures, self._drawings = models, pictures, drawings
        self._most_a_day, self._resources = most_a_day, resources

    @classmethod
    async def open(cls, resources: Resources) -> Self:
        """Over the shared models; the store of pictures is opened by the first one."""
        return cls(
            await resources.get(SharedModels),
            await resources.get(CharacterPictures),
            await resources.get(Drawings),
            resources.settings(ChatSettings).chat_user_drawings,
            resources,
        )

    async def draw(self, branch: Branch) -> Found:
        """The picture that is wished for, or why there is none."""
        turn, wish = branch["turn"], branch["query"][:LONGEST]
        if _UNFIT.search(wish):
            return _none(UNFIT)
        shown = named(f"{wish} {turn['message']}")
        model = drawing_model(turn["model"], self._models.settings)
        if model is None:
            return _none(self._instead(shown))
        address = await self._drawings.begin(turn["job_id"])
        if address is None:
            try:
                address = await self._drawn(model, branch, wish, shown)
            except ModelRefused:
                return _none(UNFIT)
            except (ModelError, FunctionError) as failure:
                log.warning("no picture: %s", failure)
                return _none(ENOUGH if _spent(failure) else NOT_NOW)
            if not address:
                return _none(ENOUGH)
        return _kept(address, shown) if address else _none(LOST)

    async def _drawn(self, model: str, branch: Branch, wish: str, shown: list[Character]) -> str:
        """The address of a new picture; empty where the user has had enough. Raises ModelError and FunctionError."""
        turn = branch["turn"]
        shares = await self._resources.get(Shares)
        if not await shares.spend("drawings", turn["user_id"], most=self._most_a_day, window_s=DAY_S):
            return ""
        request = DrawingRequest(
            task="drawing",
            text=worded(wish, shown),
            references=tuple(reference(one) for one in shown),
            marker=f"{turn['job_id']}:drawing",
            user_id=turn["user_id"],
        )
        drawing = await self._models.draw(model, request, budget_s=DRAWN_WITHIN_S)
        copies = await self._resources.get(PublicCopies)
        address = await copies.keep(turn["user_id"], "chat", "drawing", drawing.image)
        await self._drawings.end(turn["job_id"], address)
        return address

    def _instead(self, shown: list[Character]) -> str:
        one = shown[0] if shown else DEFAULT
        address = self._pictures.url(one)
        if address is None:
            return f"{NO_MODEL} 이코와 친구들의 모습은 캐릭터 도감에서 볼 수 있어요."
        return f"{NO_MODEL} 대신 {one.name}의 모습을 보여 드릴게요.\n\n![{one.name}]({address})"


def named(text: str) -> list[Character]:
    """The characters that a wish names; 이코 where it means one and names none."""
    found = [one for one in CHARACTERS if one.name in text][:MOST]
    return found or ([DEFAULT] if _SOMEBODY.search(text) else [])


def worded(wish: str, shown: list[Character]) -> str:
    """What a model is told to draw; the wish can't end its own marks."""
    given = f"\nThe pictures show, in this order: {', '.join(one.name for one in shown)}.\n" if shown else ""
    return f"{prompt('drawing')}{given}\n<wish>\n{re.sub('[<>]', ' ', wish)}\n</wish>\n"


def _kept(address: str, shown: list[Character]) -> Found:
    names = ", ".join(one.name for one in shown)
    lead = f"{with_particle(names, '을', '를')} 그렸어요." if names else "부탁하신 그림을 그렸어요."
    text = f"{lead} {MADE}\n\n![{names or '그려 드린 그림'}]({address})"
    return found("image_generation", text, picture=address)


def _none(text: str) -> Found:
    return nothing("image_generation", text)


def _spent(failure: Exception) -> bool:
    return isinstance(failure, ModelError) and failure.error_type == "budget"
