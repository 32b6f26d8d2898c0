"""A server of public data as data.go.kr, odcloud and Kakao speak it, with faults."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, Router

from functions.chat.tools.kma import SEOUL

BAD_KEY = (
    "<OpenAPI_ServiceResponse><cmmMsgHeader><returnAuthMsg>SERVICE_KEY_IS_NOT_REGISTERED_ERROR</returnAuthMsg>"
    "<returnReasonCode>30</returnReasonCode></cmmMsgHeader></OpenAPI_ServiceResponse>"
)


@dataclass
class PublicDataServer:
    """What the next answers are: `fault` is error, key, garbage, hang, code, empty or nothing; `rain` is a code PTY."""

    fault: str = ""
    rain: str = "0"
    temperature: str = "3.4"
    region: tuple[str, str] = ("서울특별시", "은평구")
    asked: Counter[str] = field(default_factory=Counter)
    queries: list[dict[str, str]] = field(default_factory=list)
    headers: list[str] = field(default_factory=list)

    @property
    def app(self) -> Router:
        """The ASGI application."""
        return Router(
            [
                Route("/1360000/VilageFcstInfoService_2.0/{product}", self._kma),
                Route("/1741000/household_waste_info/info", self._mois),
                Route("/api/{path:path}", self._odcloud),
                Route("/v2/local/geo/coord2regioncode.json", self._kakao_region),
                Route("/v2/local/search/keyword.json", self._kakao_places),
            ]
        )

    async def _fault(self, request: Request, name: str) -> Response | None:
        self.asked[name] += 1
        self.queries.append(dict(request.query_params))
        self.headers.append(request.headers.get("authorization", ""))
        match self.fault:
            case "error":
                return Response(status_code=500)
            case "key":
                return Response(BAD_KEY, media_type="application/xml")
            case "garbage":
                return JSONResponse({"response": {"header": {"resultCode": "00"}, "body": []}})
            case "code":
                return JSONResponse({"response": {"header": {"resultCode": "22", "resultMsg": "LIMITED"}}})
            case "hang":
                await asyncio.sleep(30)
        return None

    async def _kma(self, request: Request) -> Response:
        product = request.path_params["product"]
        if fault := await self._fault(request, product):
            return fault
        if self.fault == "empty":
            return JSONResponse({"response": {"header": {"resultCode": "03", "resultMsg": "NO_DATA"}}})
        given = request.query_params
        begin = datetime.strptime(given["base_date"] + given["base_time"], "%Y%m%d%H%M").replace(tzinfo=SEOUL)
        rows: list[dict[str, Any]] = [{"category": "nonsense"}]
        if product == "getUltraSrtNcst":
            told = {"T1H": self.temperature, "PTY": self.rain, "RN1": "0", "REH": "-998.9"}
            base = {"baseDate": given["base_date"], "baseTime": given["base_time"]}
            rows += [{**base, "category": name, "obsrValue": value} for name, value in told.items()]
        else:
            hours = 6 if product == "getUltraSrtFcst" else 60
            for hour in range(1, hours + 1):
                at = begin.replace(minute=0) + timedelta(hours=hour)
                told = {
                    "T1H" if hours == 6 else "TMP": str(hour % 10 - 3),
                    "SKY": "4",
                    "PTY": self.rain,
                    "POP": "60",
                }
                place = {"fcstDate": f"{at:%Y%m%d}", "fcstTime": f"{at:%H%M}"}
                rows += [{**place, "category": name, "fcstValue": value} for name, value in told.items()]
        return JSONResponse(_answer(rows))

    async def _mois(self, request: Request) -> Response:
        if fault := await self._fault(request, "mois"):
            return fault
        row = {
            "CTPV_NM": "서울특별시",
            "SGG_NM": "은평구",
            "TMPRY_BULK_WASTE_EMSN_MTHD": "인터넷이나 전화로 신고한 뒤 필증을 붙여 배출",
            "TMPRY_BULK_WASTE_EMSN_PLC": "집 앞",
            "MNG_DEPT_NM": "자원순환과",
            "MNG_DEPT_TELNO": "02-000-0000",
            "DAT_CRTR_YMD": "2026-10-01",
        }
        other = {**row, "SGG_NM": "은평구", "CTPV_NM": "가상광역시", "MNG_DEPT_TELNO": "099-999-9999"}
        return JSONResponse(_answer([] if self.fault == "empty" else [other, row]))

    async def _odcloud(self, request: Request) -> Response:
        if fault := await self._fault(request, "odcloud"):
            return fault
        rows = [
            {
                "연번": number,
                "도로명주소": f"서울 은평구 시험로 {number}",
                "위도": f"{37.6027 + number / 1000}",
                "경도": "126.9291",
            }
            for number in range(1, 9)
        ]
        rows += [{"연번": 9, "도로명주소": "좌표 없음"}, {"연번": 10, "위도": "0", "경도": "0"}]
        page, size = int(request.query_params["page"]), int(request.query_params["perPage"])
        shown = rows[(page - 1) * size : page * size]
        return JSONResponse({"page": page, "perPage": size, "totalCount": len(rows), "data": shown})

    async def _kakao_region(self, request: Request) -> Response:
        if fault := await self._fault(request, "region"):
            return fault
        names = {"region_1depth_name": self.region[0], "region_2depth_name": self.region[1]}
        return JSONResponse({"documents": [{"region_type": "B", **names}]})

    async def _kakao_places(self, request: Request) -> Response:
        if fault := await self._fault(request, "places"):
            return fault
        place = {
            "id": "77",
            "place_name": "시험동 행정복지센터",
            "road_address_name": "서울 은평구 시험로 1",
            "phone": "02-111-2222",
            "place_url": "http://place.map.kakao.com/77",
            "x": request.query_params.get("x", "126.9291"),
            "y": request.query_params.get("y", "37.6027"),
        }
        return JSONResponse({"documents": [place]})


def _answer(rows: list[dict[str, Any]]) -> dict[str, Any]:
    body = {
        "dataType": "JSON",
        "items": {"item": rows},
        "pageNo": 1,
        "numOfRows": 1000,
        "totalCount": len(rows),
    }
    return {"response": {"header": {"resultCode": "00", "resultMsg": "NORMAL_SERVICE"}, "body": body}}
