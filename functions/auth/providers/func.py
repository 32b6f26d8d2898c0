"""Lists the ways to sign in that are set up here."""

from __future__ import annotations

from typing import get_args

from pydantic import BaseModel

from functions.auth.settings import OAuthSettings, ProviderName
from functions.runtime import Resources, http_function
from process.settings import ProcessSettings


class WaysIn(BaseModel):
    """The identity providers on offer, and whether the development sign-in by a name is there."""

    providers: list[str]
    local: bool


@http_function("GET /api/v1/auth/providers", public=True)
async def providers(resources: Resources) -> WaysIn:
    """What a page may offer to somebody who is not signed in."""
    configured = resources.settings(OAuthSettings)
    offered = [name for name in get_args(ProviderName) if getattr(configured, f"{name}_client_id")]
    return WaysIn(providers=offered, local=resources.settings(ProcessSettings).env == "local")


new = providers.new
