"""Signs a test user in; exists in local development only."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse

from functions.auth.answers import ASKED
from functions.auth.cookies import LoginCookies
from functions.auth.person import Device, Person
from functions.auth.redirects import frontend
from functions.auth.sessions import Sessions
from functions.auth.settings import AuthSettings
from functions.runtime import NotFound, Resources, Unprocessable, http_function
from functions.runtime.text import named
from process.settings import ProcessSettings

PROVIDER = "local"
MAX_NAME = 50


@http_function(
    "GET /api/v1/auth/local/login",
    public=True,
    rate_limit="60/60",
    answers={302: None},
    problems=("NAME_INVALID", "INVALID_REDIRECT"),
    sent=(ASKED[1], ASKED[3]),
)
async def local_login(
    request: Request,
    resources: Resources,
    cookies: LoginCookies,
    name: str = "이웃",
    frontend_origin: str | None = None,
) -> RedirectResponse:
    """Sign in by name and return to the front end with both cookies; the same name is the same user."""
    process = resources.settings(ProcessSettings)
    if process.env != "local":
        raise NotFound("ROUTE_NOT_FOUND", "There is no such path.")
    asked = frontend_origin or request.headers.get("x-frontend-origin")
    origin = frontend(resources.settings(AuthSettings).frontend_url, process, asked)
    try:
        name = named(name[: MAX_NAME + 1])
    except ValueError as error:
        raise Unprocessable("NAME_INVALID", f"The name {error}.") from None
    if len(name) > MAX_NAME:
        raise Unprocessable("NAME_INVALID", f"The name must have 1 to {MAX_NAME} characters.")
    sessions = await resources.get(Sessions)  # not a parameter: elsewhere nothing of it shall be opened
    pair = await sessions.sign_in(
        Person(PROVIDER, name, name), Device.of(request, request.query_params.get("device_id"))
    )
    response = RedirectResponse(f"{origin}/#/home", 302, {"cache-control": "no-store"})
    cookies.log_in(response, pair.access, pair.refresh)
    return response


new = local_login.new
