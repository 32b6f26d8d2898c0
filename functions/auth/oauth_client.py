"""Calls to an identity provider: the code for a token, the token for a description of the person."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx2
from authlib.integrations.httpx_client import AsyncOAuth2Client

from functions.auth.errors import PersonUnknown
from functions.auth.identity_providers import IdentityProvider
from functions.auth.pending import PendingSignIn
from functions.auth.person import Person

CALL_S = 4.0
MAX_ANSWER = 65_536


class AnswerTooLarge(Exception):
    """A provider sent more than any description of a person holds."""


class BoundedTransport(httpx2.AsyncHTTPTransport):
    """HTTP whose answers have an end, however much the other side sends."""

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        response = await super().handle_async_request(request)
        assert isinstance(response.stream, httpx2.AsyncByteStream)
        response.stream = BoundedStream(response.stream)
        return response


class BoundedStream(httpx2.AsyncByteStream):
    """The first MAX_ANSWER bytes of a stream. Raises AnswerTooLarge when there are more."""

    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        read = 0
        async for piece in self._stream:
            read += len(piece)
            if read > MAX_ANSWER:
                raise AnswerTooLarge
            yield piece

    async def aclose(self) -> None:
        await self._stream.aclose()


async def ask(provider: IdentityProvider, code: str, state: str, pending: PendingSignIn) -> Person:
    """The person that a code stands for. Raises what Authlib, httpx2 or a provider's answer gives cause to."""
    pkce = {"code_verifier": pending.verifier} if provider.profile.pkce else {}
    more = {"state": state} if provider.profile.state_in_token else {}
    client = AsyncOAuth2Client(
        provider.client_id,
        provider.client_secret.get_secret_value(),
        token_endpoint_auth_method="client_secret_post",  # noqa: S106 - the name of a method, which all three take
        redirect_uri=pending.redirect_uri,
        timeout=CALL_S,
        trust_env=False,
        transport=BoundedTransport(retries=1),
        headers={"accept": "application/json", "accept-encoding": "identity"},
    )
    async with client:
        async with asyncio.timeout(CALL_S):
            await client.fetch_token(
                provider.token_url,
                grant_type="authorization_code",
                code=code,
                body=str(httpx2.QueryParams(more)),
                **pkce,
            )
        async with asyncio.timeout(CALL_S):
            answer = await client.get(provider.userinfo_url)
        answer.raise_for_status()
        told = answer.json()
    if not isinstance(told, dict):
        raise PersonUnknown(provider.name)
    return provider.profile.person(told)
