"""The branches that look something up: weather, places, boxes, bulky waste, prices, news, the web."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self

from functions.chat.graph.knowledge import known
from functions.chat.graph.listing import SHOWN, asks_others, listed, untold, wanted
from functions.chat.graph.policies import found, nothing
from functions.chat.graph.prompts import prompt
from functions.chat.graph.state import Branch, Found
from functions.chat.tools import fees, places, weather
from functions.chat.tools.kma import Kma, cell_of
from functions.chat.tools.mois import CollectionNotice, Mois
from functions.chat.tools.odcloud import Odcloud
from functions.chat.tools.prices import COUNTRY, REGIONS, PriceSurvey, SurveyedPrice
from functions.chat.tools.settings import ToolSettings
from functions.chat.tools.whereabouts import named, without_place
from functions.locations.entries import of_site
from functions.locations.finding import Finder
from functions.locations.geometry import Position, distance_text
from functions.locations.sites import Sites
from functions.news.reading import NewsFeed, Wanted
from functions.news.topics import topic
from functions.providers.request import Citation, TextRequest
from functions.providers.shared import SharedModels
from functions.runtime.outside import OutsideFailure
from functions.runtime.resources import Service
from functions.scan.inquiry import Reply
from functions.scan.korean import with_particle

if TYPE_CHECKING:
    from functions.runtime.resources import Resources

RADIUS_M = 5_000
_BOTTLE = re.compile(r"(소주|맥주|음료|빈\s?|공)병|병\s*(값|팔면|하나)")
_COST = re.compile(r"얼마|비용|수수료|요금|가격|스티커|값")
_STICKER = re.compile(r"(폐기물\s*|배출\s*)?(스티커|딱지|필증)(은|는|이|가|을|를)?")
"""What is bought for a large thing, and is not the thing."""
_SEEKS = re.compile(r"수거함|의류함|전용함|회수함|근처|가까운|주변|위치|어디\s*(있|예요|에요|야)|어딨|곳")
_FREE = "무상 방문 수거"
"""The way of large appliances, which costs nothing anywhere."""
ARTICLES = 3
SEARCH_S = 9.0
OLD_MONTHS = 3
NO_REGION = (
    "수수료와 신고 방법은 사는 곳마다 달라요. 어느 시·군·구에 사시는지 알려 주시면 더 찾아볼게요. "
    "급하시면 시·군·구 누리집이나 행정복지센터(주민센터)에서 바로 신고하실 수 있어요."
)
NO_PLACE = "동네 이름이나 현재 위치를 알려 주시면 가까운 곳을 찾아볼게요."
ELSEWHERE = "다른 동네 이름을 알려 주시면 그 근처에서 찾아볼게요."
NO_TOWN = "어느 지역의 날씨인지 알려 주시면 확인해 볼게요."
NO_WEATHER = "날씨는 지금 확인할 수 없어요. 기상청 날씨누리에서 확인해 주세요."
NO_SEARCH = (
    "웹 검색은 지금 할 수 없어서 최근에 바뀐 내용은 확인하지 못했어요. "
    "기후에너지환경부나 사는 곳 시·군·구 누리집에서 확인해 주세요."
)
NO_NEWS = "아직 모아 둔 환경 소식이 없어요. 잠시 후 다시 물어봐 주세요."


@dataclass(frozen=True, slots=True)
class Lookups(Service):
    """The sources of this process."""

    kma: Kma
    mois: Mois
    odcloud: Odcloud
    survey: PriceSurvey
    finder: Finder
    sites: Sites
    news: NewsFeed
    models: SharedModels

    @classmethod
    async def open(cls, resources: Resources) -> Self:
        """With the settings of the process."""
        settings, cache = resources.settings(ToolSettings), await resources.redis("cache")
        kma, mois, odcloud = Kma(settings, cache), Mois(settings, cache), Odcloud(settings, cache)
        for client in (kma, mois, odcloud):
            resources.on_close(client.close)
        return cls(
            kma,
            mois,
            odcloud,
            await asyncio.to_thread(PriceSurvey.load, settings.chat_prices),
            await resources.get(Finder),
            await resources.get(Sites),
            await resources.get(NewsFeed),
            await resources.get(SharedModels),
        )

    def work(self) -> Mapping[str, Callable[[Branch], Awaitable[Found]]]:
        """The branches by name."""
        return {
            "weather": self.weather,
            "location": self.location,
            "collection_point": self.collection_point,
            "bulk_waste": self.bulk_waste,
            "recyclable_price": self.recyclable_price,
            "news": self.articles,
            "web_search": self.web_search,
        }

    async def weather(self, branch: Branch) -> Found:
        """The weather, or beside another question only what rain means for it. Raises OutsideFailure."""
        place, position = _place(branch)
        asked = branch["asked"]
        if not self.kma.configured:
            return nothing("weather", NO_WEATHER if asked else "")
        if position is None:
            return nothing("weather", NO_TOWN if asked else "")
        cell, now = cell_of(*position), datetime.now(UTC)
        ahead = weather.day_of(branch["query"]) if asked else 0
        if ahead:
            text = weather.told_of_day(place, await self.kma.days(cell, now), now, ahead)
            return found("weather", text) if text else nothing("weather", NO_WEATHER)
        measured, hours = await asyncio.gather(self.kma.now(cell, now), self.kma.hours(cell, now))
        if measured is None and not hours:
            return nothing("weather", NO_WEATHER if asked else "")
        wet = bool(measured and measured.rain) or weather.rain_ahead(hours) is not None
        text = weather.told(place, measured, hours)
        return found("weather", text if asked or wet else "", rain=wet)

    async def location(self, branch: Branch) -> Found:
        """Shops and centres near by."""
        _, position = _place(branch)
        if position is None:
            return nothing("location", NO_PLACE)
        stores, keyword = places.kind_of(branch["query"])
        now = datetime.now(UTC)
        near = await self.sites.nearest(position, RADIUS_M, stores=stores, limit=wanted(branch))
        entries = untold(branch, [of_site(site, metres, now) for site, metres in near], lambda one: one.name)
        if len(entries) < SHOWN:
            others = await self.finder.search(keyword, position, RADIUS_M)
            known_ids = {entry.id for entry in entries}
            others = [one for one in others if one.source == "kakao" and one.id not in known_ids]
            entries += untold(branch, others, lambda one: one.name)
        sought = f"다른 {keyword}" if asks_others(branch) else keyword
        return listed(
            "location",
            entries[:SHOWN],
            f"{RADIUS_M // 1000}km 안에서는 {with_particle(sought, '을', '를')} 찾지 못했어요. {ELSEWHERE}",
        )

    async def collection_point(self, branch: Branch) -> Found:
        """How a thing is collected, and the boxes for it near by. Raises OutsideFailure."""
        kind = places.box_of(branch["query"])
        way = await asyncio.to_thread(
            known, kind.item if kind else without_place(branch["query"]), _region(branch)
        )
        _, position = _place(branch)
        if position is None or kind is None:
            text = _ordered(branch, _SEEKS, way, [way.answer], [NO_PLACE] if kind else [])
            return found("collection_point", text, item=way.item)
        boxes = []
        if self.odcloud.has(kind.name):
            boxes = [
                f"{box.name or kind.box} ({distance_text(metres)}) - {box.address}"
                for box, metres in await self.odcloud.nearest(kind.name, position, RADIUS_M, wanted(branch))
            ]
        if not boxes:
            near = await self.finder.search(kind.keyword, position, RADIUS_M)
            boxes = [
                f"{one.name} ({one.distance_text}) - {one.road_address or '주소 없음'}"
                for one in near
                if one.source == "kakao" or (kind.pickup and kind.pickup in one.pickup_categories)
            ]
        boxes = untold(branch, boxes, lambda box: box)[:SHOWN]
        other = "다른 " if asks_others(branch) else ""
        lines = [f"{other}{kind.box} 위치는 찾지 못했어요. {kind.ask}"]
        if boxes:
            lines = [f"가까운 곳을 찾았어요. {kind.note}".strip()]
            lines += [f"{number}. {line}" for number, line in enumerate(boxes, 1)]
        text = _ordered(branch, _SEEKS, way, [way.answer], lines)
        return found("collection_point", text, item=way.item, boxes=boxes)

    async def bulk_waste(self, branch: Branch) -> Found:
        """How a large thing is got rid of, what it costs where the user lives, and who to ask."""
        region = branch["turn"].get("region")
        thing = _STICKER.sub("", without_place(branch["query"]))
        way = await asyncio.to_thread(known, thing, _region(branch))
        how = [way.answer, *(f"{number}. {step}" for number, step in enumerate(way.steps, 1))]
        if way.outcome == "unknown":
            how = [places.BULKY]
        elif _FREE in " ".join(how) and not _COST.search(branch["query"]):
            return found("bulk_waste", "\n".join(how), item=way.item)
        if region is None:
            return found("bulk_waste", _ordered(branch, _COST, way, how, [NO_REGION]), item=way.item)
        lines: list[str] = []
        table = fees.table_of(region)
        costs = table.of(branch["query"]) if table else []
        if table and costs:
            sums = ", ".join(f"{fee.size} {f'{fee.won:,}원' if fee.won else '무료'}" for fee in costs)
            as_of = f"{_month(table.month)} {'기준' if table.dated else '확인'}"
            lines.append(f"{table.region} 수수료: {costs[0].thing} {sums} ({table.title}, {as_of})")
            lines.append("수수료는 바뀔 수 있으니 신고할 때 다시 확인해 주세요.")
        notice = await self._notice(region)
        if notice:
            lines += _of_notice(notice)
        if not costs:
            lines.append(
                f"{region}의 수수료는 아직 알려 드릴 수 없어요. "
                "시청이나 구청 누리집의 대형폐기물 신고에서 확인해 주세요."
            )
        text = _ordered(branch, _COST, way, how, lines)
        return found("bulk_waste", text, item=way.item, region=region)

    async def recyclable_price(self, branch: Branch) -> Found:
        """What recyclables are worth, with month, region and source."""
        region = branch["turn"].get("region")
        prices = self.survey.of(branch["query"], region.split()[0] if region else None)
        deposit = self.survey.deposit if _BOTTLE.search(branch["query"]) else ""
        if deposit and not prices:
            return found("recyclable_price", deposit)
        if not prices:
            items = ", ".join(dict.fromkeys(price.item for price in self.survey.prices))
            ending = with_particle(items, "이에요", "예요").removeprefix(items)
            text = f"물어보신 품목의 시세는 아직 없어요. 지금 알려 드릴 수 있는 품목은 {items}{ending}."
            return found("recyclable_price", text)
        lines = [
            f"{price.item}: {price.region} 1kg에 {price.won_per_kg:,.0f}원 ({_month(price.month)} 조사)"
            for price in prices
        ]
        if region and any(price.region not in (COUNTRY, REGIONS.get(region.split()[0])) for price in prices):
            lines.append("계신 지역의 조사값이 없는 품목은 다른 지역의 값이에요.")
        lines.append(f"출처: {self.survey.survey} ({self.survey.url})")
        if deposit:
            lines = [deposit, "보증금을 받지 못하는 병의 고물 값은 다음과 같아요.", *lines]
        if any(_is_old(price) for price in prices):
            lines.append(
                "조사한 지 오래된 값이라 지금과 다를 수 있어요. 팔기 전에 고물상이나 누리집에서 확인해 주세요."
            )
        return found("recyclable_price", "\n".join(lines), month=prices[0].month)

    async def articles(self, branch: Branch) -> Found:
        """The newest articles on what is asked."""
        about = topic(branch["query"], "")
        category = about[0] if about else "environment"
        page = await self.news.page(Wanted(category), ARTICLES, None)  # type: ignore[arg-type]
        if not page.articles:
            return nothing("news", NO_NEWS)
        lines = ["최근 소식이에요."]
        for number, one in enumerate(page.articles, 1):
            lines.append(
                f"{number}. {one.title} ({one.source_name}, {one.published_at:%Y-%m-%d})\n   {one.url}"
            )
        return found("news", "\n".join(lines))

    async def web_search(self, branch: Branch) -> Found:
        """What a hosted model finds in the web, with the pages that it read. Raises ModelError."""
        model = branch["turn"]["model"]
        if model == "local":
            return nothing("web_search", NO_SEARCH)
        request = TextRequest(
            task="search",
            instructions=prompt("search"),
            text=branch["query"],
            offline=None,
            marker=f"{branch['turn']['job_id']}:search",
            user_id=branch["turn"]["user_id"],
            searches=True,
        )
        text, pages = "", dict[str, str]()
        async with aclosing(self.models.write(model, request, budget_s=SEARCH_S)) as pieces:
            async for piece in pieces:
                match piece:
                    case str():
                        text += piece
                    case Citation():
                        pages[piece.url] = piece.title
        sources = [f"- {title or url}: {url}" for url, title in list(pages.items())[:SHOWN]]
        return found("web_search", "\n".join([text, *sources]), pages=list(pages))

    async def _notice(self, region: str) -> CollectionNotice | None:
        if not self.mois.configured:
            return None
        try:
            return await self.mois.notice(region)
        except OutsideFailure:
            return None


def _place(branch: Branch) -> tuple[str, Position | None]:
    """Where a part of the question is about: what it names, else where its user is."""
    if town := named(branch["query"]):
        return town.region, town.position
    location = branch["turn"].get("location")
    if location:
        return "계신 곳", Position(location["latitude"], location["longitude"])
    home = named(branch["turn"].get("region") or "")
    return (home.region, home.position) if home else ("", None)


def _ordered(branch: Branch, asked: re.Pattern[str], way: Reply, how: list[str], found_out: list[str]) -> str:
    """What was found out comes first where it is asked for, unless the thing is dangerous; else how it goes."""
    first = asked.search(branch["query"]) and way.outcome != "hazard"
    return "\n".join([*found_out, *how] if first else [*how, *found_out])


def _region(branch: Branch) -> str | None:
    return branch["turn"].get("region")


def _of_notice(notice: CollectionNotice) -> list[str]:
    lines = []
    if notice.method:
        lines.append(
            f"{notice.municipality}에서 한꺼번에 많이 버릴 때: {notice.method}"
            + (f" 내놓는 곳: {notice.place}" if notice.place else "")
        )
    if notice.phone:
        lines.append(f"문의: {notice.department or notice.municipality} {notice.phone}")
    if lines and notice.as_of:
        lines.append(f"(행정안전부 생활쓰레기배출정보, {notice.as_of} 기준)")
    return lines


def _month(month: str) -> str:
    year, number = month.split("-")
    return f"{year}년 {int(number)}월"


def _is_old(price: SurveyedPrice) -> bool:
    year, month = map(int, price.month.split("-"))
    now = datetime.now(UTC)
    return (now.year - year) * 12 + now.month - month > OLD_MONTHS
