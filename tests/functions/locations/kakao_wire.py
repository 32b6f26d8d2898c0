"""A stand-in for Kakao Local that speaks its wire format, and can fail in the ways that a server can."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Literal

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

KEY = "kakao-rest-key-0123456789"
Mode = Literal["well", "500", "slow", "garbage", "endless", "quota", "array"]


def document(number: int, name: str, latitude: float, longitude: float, **more: str) -> dict[str, str]:
    """A place as Kakao's documentation shows one: everything is text."""
    return {
        "id": str(number),
        "place_name": name,
        "category_name": "음식점 > 카페",
        "category_group_code": "CE7",
        "category_group_name": "카페",
        "phone": "02-000-0000",
        "address_name": "서울 중구 예시동 1",
        "road_address_name": "서울 중구 예시로 1",
        "x": str(longitude),
        "y": str(latitude),
        "place_url": f"http://place.map.kakao.com/{number}",
        "distance": "",
        **more,
    }


@dataclass
class KakaoWire:
    """What it knows, how it behaves, and what it was asked."""

    documents: list[Any] = field(default_factory=list)
    mode: Mode = "well"
    asked: list[dict[str, str]] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        request = Request(scope, receive)
        self.asked.append(dict(request.query_params))
        if self.mode == "slow":
            await request.receive()  # the request's body
            await request.receive()  # and then that the client has left
            return
        await self._answer(request)(scope, receive, send)

    def _answer(self, request: Request) -> Response:
        match self.mode:
            case "500":
                return Response("<html>error</html>", 500)
            case "garbage":
                return Response(b"\x00\xff{]", media_type="application/json")
            case "endless":
                return Response(b" " * (1024 * 1024), media_type="application/json")
            case "array":
                return JSONResponse([1, 2])
            case "quota":
                return JSONResponse(
                    {"errorType": "RequestThrottled", "message": "API limit has been exceeded."}, 429
                )
        if request.headers.get("authorization") != f"KakaoAK {KEY}":
            return JSONResponse({"errorType": "AccessDeniedError", "message": "cannot find appkey"}, 401)
        if request.url.path != "/v2/local/search/keyword.json" or not request.query_params.get("query"):
            return JSONResponse({"errorType": "MissingParameter", "message": "query"}, 400)
        found = [each for each in self.documents if not isinstance(each, dict) or self._fits(each, request)]
        meta = {
            "same_name": {
                "region": [],
                "keyword": request.query_params["query"],
                "selected_region": "",
            },
            "pageable_count": len(found),
            "total_count": len(found),
            "is_end": True,
        }
        return JSONResponse({"meta": meta, "documents": found[: int(request.query_params.get("size", 15))]})

    def _fits(self, document: dict[str, str], request: Request) -> bool:
        asked = request.query_params
        if "x" not in asked:
            return True
        east = (float(document["x"]) - float(asked["x"])) * math.cos(math.radians(float(asked["y"])))
        return math.hypot(east, float(document["y"]) - float(asked["y"])) * 111_195 <= float(asked["radius"])
