"""A stand-in for Naver's search and for NewsData that speaks their wire formats, and fails in the ways a server can."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

NAVER_ID, NAVER_SECRET, NEWSDATA_KEY = "naver-id-0123456789", "naver-secret-0123456789", "pub_0123456789"
Mode = Literal["well", "500", "slow", "garbage", "array", "endless", "quota", "second fails"]
ONLY_PAID = "ONLY AVAILABLE IN PROFESSIONAL AND CORPORATE PLANS"


def item(number: int, title: str = "", **more: str) -> dict[str, str]:
    """A row of Naver's."""
    return {
        "title": title or f"재활용 소식 {number}번째 이야기 {chr(0xAC00 + 97 * number)}",
        "originallink": f"https://www.example.co.kr/news/{number}",
        "link": f"https://n.news.naver.com/mnews/article/001/{number:010d}",
        "description": "분리배출 <b>재활용</b> &quot;소식&quot;",
        "pubDate": "Thu, 26 Nov 2026 09:00:00 +0900",
        **more,
    }


def result(number: int, title: str = "", **more: Any) -> dict[str, Any]:
    """A row of NewsData's, as its plan without a contract gives it."""
    return {
        "article_id": f"a{number}",
        "title": title or f"태양광 소식 {number}번째 이야기 {chr(0xAC00 + 89 * number)}",
        "link": f"https://energy.example.com/{number}",
        "keywords": ["태양광", "전력"],
        "creator": None,
        "video_url": None,
        "description": "재생에너지 소식",
        "content": ONLY_PAID,
        "pubDate": "2026-11-26 01:00:00",
        "pubDateTZ": "UTC",
        "image_url": f"https://img.example.com/{number}.jpg",
        "source_id": "example",
        "source_name": "예시에너지",
        "source_url": "https://energy.example.com",
        "source_icon": "https://img.example.com/icon.png",
        "language": "korean",
        "country": ["south korea"],
        "category": ["environment"],
        "ai_tag": ONLY_PAID,
        "sentiment": ONLY_PAID,
        "duplicate": False,
        **more,
    }


@dataclass
class NewsWires:
    """What both have, how they behave, and what they were asked."""

    items: list[Any] = field(default_factory=list)
    results: list[Any] = field(default_factory=list)
    mode: Mode = "well"
    retry_after: str = ""
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        request = Request(scope, receive)
        self.asked.append((request.url.path, dict(request.query_params)))
        if self.mode == "slow":
            await request.receive()  # the request's body
            await request.receive()  # and then that the client has left
            return
        await self._answer(request)(scope, receive, send)

    def _answer(self, request: Request) -> Response:
        mode = self.mode
        if mode == "second fails":
            mode = "500" if len(self.asked) == 2 else "well"
        match mode:
            case "500":
                return Response("<html>error</html>", 500)
            case "garbage":
                return Response(b"\x00\xff{]", media_type="application/json")
            case "array":
                return JSONResponse([1, 2])
            case "endless":
                return Response(b" " * (3 * 1024 * 1024), media_type="application/json")
            case "quota":
                headers = {"retry-after": self.retry_after} if self.retry_after else {}
                return JSONResponse(
                    {"errorMessage": "Rate limit exceeded.", "errorCode": "012"}, 429, headers
                )
        if request.url.path == "/v1/search/news.json":
            return self._naver(request)
        return self._newsdata(request)

    def _naver(self, request: Request) -> Response:
        given = (request.headers.get("x-naver-client-id"), request.headers.get("x-naver-client-secret"))
        if given != (NAVER_ID, NAVER_SECRET):
            return JSONResponse({"errorMessage": "Not Exist Client ID", "errorCode": "024"}, 401)
        if not request.query_params.get("query"):
            return JSONResponse({"errorMessage": "Incorrect query request", "errorCode": "SE01"}, 400)
        head = {"lastBuildDate": "Thu, 26 Nov 2026 09:00:00 +0900", "total": len(self.items)}
        return JSONResponse({**head, "start": 1, "display": len(self.items), "items": self.items})

    def _newsdata(self, request: Request) -> Response:
        if request.headers.get("x-access-key") != NEWSDATA_KEY:
            results = {"message": "API key is invalid", "code": "Unauthorized"}
            return JSONResponse({"status": "error", "results": results}, 401)
        if request.query_params.get("country") != "kr":
            results = {"message": "wrong country", "code": "UnsupportedParameter"}
            return JSONResponse({"status": "error", "results": results}, 422)
        total = len(self.results)
        return JSONResponse(
            {"status": "success", "totalResults": total, "results": self.results, "nextPage": None}
        )
