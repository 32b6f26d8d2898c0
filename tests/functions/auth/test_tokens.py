"""Which tokens open something, and which attacks on them do not."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from functools import cache
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from functions.auth.claims import LEEWAY_S
from functions.auth.errors import SigningKeysError, TokenExpired, TokenInvalid, TokenRefused, TokenRevoked
from functions.auth.issuing import Issuing
from functions.auth.keys import SigningKeys
from functions.auth.tokens import Tokens
from tests.functions.auth.conftest import AUDIENCE, ISSUER

USER = "6f1c0000-0000-4000-8000-000000000001"
SESSION = "6f1c0000-0000-4000-8000-00000000000a"
Forge = Callable[[SigningKeys], str]


def claims(**changed: Any) -> dict[str, Any]:
    now = int(time.time())
    valid: dict[str, Any] = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": USER,
        "jti": "j",
        "type": "access",
        "provider": "local",
    }
    valid |= {"iat": now, "nbf": now, "exp": now + 60, "sid": SESSION}
    return {name: value for name, value in (valid | changed).items() if value is not None}


def signed(keys: SigningKeys, payload: dict[str, Any], **header: Any) -> str:
    assert keys.private
    return jwt.encode(payload, keys.private, "RS256", headers={"kid": keys.kid, **header})


def encoded(value: Any) -> str:
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def unsigned(keys: SigningKeys, algorithm: str) -> str:
    return f"{encoded({'alg': algorithm, 'kid': keys.kid, 'typ': 'JWT'})}.{encoded(claims())}."


def with_public_key_as_secret(keys: SigningKeys) -> str:
    secret = keys.public[keys.kid].public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    start = f"{encoded({'alg': 'HS256', 'kid': keys.kid, 'typ': 'JWT'})}.{encoded(claims())}"
    return f"{start}.{encoded(hmac.digest(secret, start.encode(), hashlib.sha256))}"


@cache
def stranger() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def of_another_key(keys: SigningKeys, **header: Any) -> str:
    return jwt.encode(claims(), stranger(), "RS256", headers={"kid": keys.kid, **header})


def other_payload(keys: SigningKeys) -> str:
    header, _, signature = signed(keys, claims()).split(".")
    return f"{header}.{encoded(claims(sub='somebody-else'))}.{signature}"


def with_header(keys: SigningKeys, header: bytes) -> str:
    """The payload and signature of a good token below another header."""
    _, _, rest = signed(keys, claims()).partition(".")
    return f"{encoded(header)}.{rest}"


def last_bits_changed(keys: SigningKeys) -> str:
    """The same signature bytes by a lenient decoder: the last character carries 4 unused bits."""
    text = signed(keys, claims())
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return text[:-1] + alphabet[alphabet.index(text[-1]) ^ 1]


ATTACKS: dict[str, Forge] = {
    "empty": lambda keys: "",
    "words": lambda keys: "not a token",
    "two parts": lambda keys: signed(keys, claims()).rpartition(".")[0],
    "four parts": lambda keys: signed(keys, claims()) + ".x",
    "no signature": lambda keys: signed(keys, claims()).rpartition(".")[0] + ".",
    "alg none": lambda keys: unsigned(keys, "none"),
    "alg None": lambda keys: unsigned(keys, "None"),
    "alg RS256 unsigned": lambda keys: unsigned(keys, "RS256"),
    "HS256 with the public key": with_public_key_as_secret,
    "RS512 with our key": lambda keys: jwt.encode(claims(), keys.private, "RS512", headers={"kid": keys.kid}),  # type: ignore[arg-type]
    "PS256 with our key": lambda keys: jwt.encode(claims(), keys.private, "PS256", headers={"kid": keys.kid}),  # type: ignore[arg-type]
    "another key, our kid": of_another_key,
    "another key, unknown kid": lambda keys: of_another_key(keys, kid="unknown"),
    "another key, its own jwk": lambda keys: of_another_key(
        keys, jwk={"kty": "RSA"}, jku="https://evil.example"
    ),
    "unknown kid": lambda keys: signed(keys, claims(), kid="unknown"),
    "kid is a path": lambda keys: signed(keys, claims(), kid="../../dev/null"),
    "kid of the next key": lambda keys: signed(
        keys, claims(), kid=next(k for k in keys.public if k != keys.kid)
    ),
    "no kid": lambda keys: jwt.encode(claims(), keys.private, "RS256"),  # type: ignore[arg-type]
    "kid is no text": lambda keys: f"{encoded({'alg': 'RS256', 'kid': [1]})}.{encoded(claims())}.AAAA",
    "unknown critical extension": lambda keys: signed(keys, claims(), crit=["x"], x=1),
    "unencoded payload": lambda keys: (
        f"{encoded({'alg': 'RS256', 'kid': keys.kid, 'b64': False, 'crit': ['b64']})}.{encoded(claims())}.AAAA"
    ),
    "another algorithm said last": lambda keys: with_header(
        keys, b'{"alg":"RS256","kid":"%s","alg":"none"}' % keys.kid.encode()
    ),
    "another key said first": lambda keys: with_header(
        keys, b'{"kid":"%s","alg":"RS256","kid":"unknown"}' % keys.kid.encode()
    ),
    "header is a list": lambda keys: with_header(keys, b'["RS256"]'),
    "header is no JSON": lambda keys: with_header(keys, b"RS256"),
    "detached payload": lambda keys: "..".join(signed(keys, claims()).split(".")[::2]),
    "another payload": other_payload,
    "changed last bits": last_bits_changed,
    "padded": lambda keys: signed(keys, claims()) + "==",
    "line break inside": lambda keys: signed(keys, claims()).replace(".", ".\n", 1),
    "not ASCII": lambda keys: signed(keys, claims()) + "é",
    "deeply nested header": lambda keys: f"{encoded(b'[' * 2000)}.e30.AAAA",
    "oversized": lambda keys: signed(keys, claims(padding="x" * 4096)),
    "another issuer": lambda keys: signed(keys, claims(iss="https://evil.example")),
    "another audience": lambda keys: signed(keys, claims(aud="others")),
    "audience is a number": lambda keys: signed_raw(keys, claims(aud=7)),
    "issuer in a list": lambda keys: signed_raw(keys, claims(iss=[ISSUER])),
    "other audiences": lambda keys: signed(keys, claims(aud=["others", AUDIENCE + "2"])),
    "refresh token": lambda keys: signed(keys, claims(type="refresh")),
    "type nobody knows": lambda keys: signed(keys, claims(type="identity")),
    "type of another kind": lambda keys: signed(keys, claims(type=["access"])),
    "not yet valid": lambda keys: signed(keys, claims(nbf=int(time.time()) + 60)),
    "valid in a moment": lambda keys: signed(keys, claims(nbf=int(time.time()) + 2 * LEEWAY_S)),
    "issued in the future": lambda keys: signed(keys, claims(iat=int(time.time()) + 60)),
    "times are texts": lambda keys: signed_raw(keys, claims(exp="never")),
    "endless": lambda keys: signed_raw(keys, claims(exp=float("inf"))),
    "header in the subject": lambda keys: signed(keys, claims(sub="a\r\nx-user-id: b")),
    "empty subject": lambda keys: signed(keys, claims(sub="")),
    "subject is a number": lambda keys: signed_raw(keys, claims(sub=7)),
    "provider is a number": lambda keys: signed_raw(keys, claims(provider=7)),
    "session is not ASCII": lambda keys: signed(keys, claims(sid="세션")),
    "payload is no JSON": lambda keys: signed_bytes(keys, b"{"),
    "payload is a list": lambda keys: signed_raw(keys, [claims()]),
}


def signed_raw(keys: SigningKeys, payload: Any) -> str:
    return signed_bytes(keys, json.dumps(payload).encode())


def signed_bytes(keys: SigningKeys, payload: bytes) -> str:
    assert keys.private
    return jwt.PyJWS().encode(payload, keys.private, "RS256", headers={"kid": keys.kid})


@pytest.mark.parametrize("missing", claims())
def test_every_claim_is_needed(missing: str, keys: SigningKeys, tokens: Tokens) -> None:
    with pytest.raises(TokenInvalid):
        tokens.verify(signed(keys, claims(**{missing: None})), "access")


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_forged_or_foreign_token_is_invalid(attack: str, keys: SigningKeys, tokens: Tokens) -> None:
    tokens.verify(signed(keys, claims()), "access")  # what the header of a good token looks like is known
    forged = ATTACKS[attack](keys)
    for _ in range(2):  # also when it is remembered
        with pytest.raises(TokenInvalid):
            tokens.verify(forged, "access")


def test_what_is_issued_is_verified_and_says_the_same(tokens: Tokens, issuing: Issuing) -> None:
    text, issued = issuing.issue("access", USER, "kakao", SESSION)
    assert tokens.verify(text, "access") == issued
    header, payload = jwt.get_unverified_header(text), jwt.decode(text, options={"verify_signature": False})
    assert header == {"alg": "RS256", "kid": tokens.keys().kid, "typ": "JWT"}
    assert payload["sub"] == USER
    assert payload["provider"] == "kakao"
    assert payload["exp"] - payload["iat"] == 1800


def test_an_access_token_renews_nothing(tokens: Tokens, issuing: Issuing) -> None:
    text, _ = issuing.issue("access", USER, "local", SESSION)
    with pytest.raises(TokenInvalid):
        tokens.verify(text, "refresh")


def test_tokens_of_the_next_key_are_good_already(keys: SigningKeys, key_folder: Any, tokens: Tokens) -> None:
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    kid = next(kid for kid in keys.public if kid != keys.kid)
    private = load_pem_private_key((key_folder / f"{kid}.pem").read_bytes(), None)
    assert isinstance(private, rsa.RSAPrivateKey)
    after_rotation = Tokens(lambda: SigningKeys(kid, private, keys.public), issuer=ISSUER, audience=AUDIENCE)
    text, issued = Issuing(after_rotation).issue("access", USER, "local", SESSION)
    assert tokens.verify(text, "access") == issued


def test_a_token_that_has_expired_is_told_apart_from_a_forged_one(keys: SigningKeys, tokens: Tokens) -> None:
    now = int(time.time())
    tokens.verify(signed(keys, claims(exp=now - LEEWAY_S + 60)), "access")
    with pytest.raises(TokenExpired):
        tokens.verify(signed(keys, claims(exp=now - LEEWAY_S)), "access")


def test_one_audience_of_several_is_enough(keys: SigningKeys, tokens: Tokens) -> None:
    assert tokens.verify(signed(keys, claims(aud=["others", AUDIENCE])), "access").user_id == USER


def test_a_process_with_public_keys_only_verifies_and_does_not_sign(
    keys: SigningKeys, issuing: Issuing
) -> None:
    text, issued = issuing.issue("access", USER, "local", SESSION)
    verifier = Tokens(lambda: SigningKeys(keys.kid, None, keys.public), issuer=ISSUER, audience=AUDIENCE)
    assert verifier.verify(text, "access") == issued
    with pytest.raises(SigningKeysError, match="no private key"):
        Issuing(verifier).issue("access", USER, "local", SESSION)


@pytest.mark.parametrize("asked_before", [False, True])
def test_a_token_expires_with_a_small_leeway_also_when_it_is_remembered(
    keys: SigningKeys, asked_before: bool
) -> None:
    clock = [float(int(time.time()))]
    tokens = Tokens(lambda: keys, issuer=ISSUER, audience=AUDIENCE, now=lambda: clock[0])
    text, _ = Issuing(tokens, access_ttl_s=60).issue("access", USER, "local", SESSION)
    if asked_before:
        tokens.verify(text, "access")
    clock[0] += 60 + LEEWAY_S - 0.5
    tokens.verify(text, "access")
    clock[0] += 0.5
    for _ in range(2):
        with pytest.raises(TokenExpired):
            tokens.verify(text, "access")


def test_memory_of_verified_tokens_is_bounded(
    keys: SigningKeys, tokens: Tokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("functions.auth.tokens.REMEMBERED", 2)
    texts = [signed(keys, claims(jti=str(number))) for number in range(4)]
    for text in texts * 2:
        tokens.verify(text, "access")
    assert len(tokens._verified) == 2


def test_every_refusal_is_a_401_that_names_the_scheme() -> None:
    for error in (TokenInvalid(), TokenExpired(), TokenRevoked()):
        assert isinstance(error, TokenRefused)
        assert error.status == 401
        assert error.headers["www-authenticate"].startswith("Bearer ")
