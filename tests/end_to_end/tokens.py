"""Tokens that the platform signed, with whatever life a test needs."""

from __future__ import annotations

import time

from functions.auth.claims import Kind
from functions.auth.issuing import Issuing
from functions.auth.keys import KeyFolder
from functions.auth.settings import AuthSettings
from functions.auth.tokens import Tokens
from tests.end_to_end.client import User
from tests.end_to_end.platform import Platform

LIFE_S = 600


def issue(platform: Platform, user: User, *, lasts_s: int, kind: Kind = "access") -> str:
    """A token of the user's login that ends `lasts_s` from now (negative: it ended then)."""
    shift_s = 0
    settings = AuthSettings()
    tokens = Tokens(
        KeyFolder(platform.home.folder / "keys").keys,
        issuer=settings.issuer,
        audience=settings.audience,
        now=lambda: time.time() + shift_s,
    )
    claims = tokens.verify(user.cookies["s_access"], "access")
    shift_s = lasts_s - LIFE_S
    issuing = Issuing(tokens, access_ttl_s=LIFE_S, refresh_ttl_s=LIFE_S)
    text, _ = issuing.issue(kind, claims.user_id, claims.provider, claims.session)
    return text
