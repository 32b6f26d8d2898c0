"""Pages of the local identity provider: who would you like to be, and what is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from starlette.responses import HTMLResponse

from embedded.identity.people import MAX_NAME, PEOPLE

TITLES = {"google": "Google", "kakao": "카카오", "naver": "네이버"}
_HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
_STYLE = """
body{font:16px/1.6 system-ui,sans-serif;max-width:24rem;margin:12vh auto;padding:0 1rem;color:#1d2b24}
h1{font-size:1.3rem;margin:0 0 .5rem}
p{margin:.25rem 0 1.25rem;color:#4a5a52}
button,input{font:inherit;width:100%;box-sizing:border-box;padding:.65rem .9rem;margin:.3rem 0;border-radius:.6rem;
border:1px solid #b9c7bf;background:#fff;color:inherit}
button{cursor:pointer;text-align:left}
button:hover,button:focus-visible{background:#eef6f1}
button.main{background:#1f7a4d;border-color:#1f7a4d;color:#fff;text-align:center}
button.quiet{border:0;text-align:center;color:#4a5a52}
label{display:block;margin-top:1.25rem}
small{color:#4a5a52}
"""


def choice(provider: str, asked: Mapping[str, str], problem: str = "") -> HTMLResponse:
    """The page on which a person chooses or types who they are; the request rides along in hidden fields."""
    hidden = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in asked.items()
    )
    people = "".join(
        f'<button name="person" value="{person.key}">{escape(person.name)}'
        f" <small>{escape(person.email or '이메일은 알려 주지 않아요')}</small></button>"
        for person in PEOPLE
    )
    told = f'<p role="alert">{escape(problem)}</p>' if problem else ""
    # The typed name's button comes first for the Enter key, so the test people's lie in a form of their own.
    return _page(
        f"{TITLES[provider]} 로그인 (로컬)",
        f"<p>이 컴퓨터에서 {TITLES[provider]} 자리를 대신하는 시험용 페이지예요. 진짜 계정은 필요 없어요.</p>{told}"
        f'<form method="post">{hidden}{people}</form>'
        f'<form method="post">{hidden}<label for="name">다른 이름으로 시작하기</label>'
        f'<input id="name" name="name" maxlength="{MAX_NAME}" placeholder="이름" autocomplete="off" required>'
        '<button class="main">계속하기</button></form>'
        f'<form method="post">{hidden}'
        '<button class="quiet" name="cancel" value="yes">취소하고 돌아가기</button></form>',
        422 if problem else 200,
    )


def refusal(what: str) -> HTMLResponse:
    """Why a request can't be answered by going back: to where is what is wrong, or who asks."""
    return _page("로그인할 수 없어요", f'<p role="alert">{escape(what)}</p>', 400)


def _page(title: str, body: str, status: int) -> HTMLResponse:
    document = (
        '<!doctype html><html lang="ko"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{_STYLE}</style></head><body><main><h1>{title}</h1>{body}</main></body></html>"
    )
    return HTMLResponse(document, status, _HEADERS)
