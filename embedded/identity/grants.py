"""Codes and tokens that the local identity provider has given out: single use, short-lived, bound to who asked."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from embedded.identity.people import SamplePerson

CODE_S = 60.0
TOKEN_S = 3600.0
MOST = 10_000
G = TypeVar("G")


@dataclass(frozen=True, slots=True)
class CodeGrant:
    """What a code stands for: who agreed, for which redirect, under which challenge (or none)."""

    person: SamplePerson
    redirect_uri: str
    challenge: str

    def proven_by(self, verifier: str) -> bool:
        """Whether a verifier is that of the challenge (RFC 7636, 4.6). Without a challenge none is asked for."""
        if not self.challenge:
            return True
        digest = hashlib.sha256(verifier.encode()).digest()
        made = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        return hmac.compare_digest(made, self.challenge)


class Issued(Generic[G]):
    """Random texts and what each stands for, for `life_s`; at most MOST, the oldest forgotten."""

    def __init__(self, life_s: float, now: Callable[[], float] = time.monotonic) -> None:
        self._life_s, self._now = life_s, now
        self._known: OrderedDict[str, tuple[float, G]] = OrderedDict()

    def give(self, meaning: G) -> str:
        """A new text."""
        text = secrets.token_urlsafe(24)
        self._known[text] = (self._now() + self._life_s, meaning)
        if len(self._known) > MOST:
            self._known.popitem(last=False)
        return text

    def take(self, text: str) -> G | None:
        """What a text stands for, once."""
        until, meaning = self._known.pop(text, (0.0, None))
        return meaning if until > self._now() else None

    def look(self, text: str) -> G | None:
        """What a text stands for, as often as one likes."""
        until, meaning = self._known.get(text, (0.0, None))
        return meaning if until > self._now() else None
