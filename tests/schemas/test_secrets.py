"""Each function is given the secrets that its code asks for."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

from functions.runtime.declaration import Function, HttpFunction
from functions.runtime.registry import load_all
from functions.runtime.settings import RuntimeSettings
from process.declared import declared
from process.settings import Secret, rows
from schemas.func_yaml import KEYS, VERIFYING_KEYS, keys
from schemas.secrets import INSIDE, code, readers, secrets

FUNCTIONS = {function.name: function for function in load_all()}
MODELS = {"ECO2_OPENAI_API_KEY", "ECO2_GEMINI_API_KEY", "ECO2_COMPATIBLE_API_KEY"}


def given(name: str) -> set[str]:
    return set(secrets(FUNCTIONS[name])) - {INSIDE}


def test_who_checks_a_login_holds_the_stores_that_tell_what_was_revoked() -> None:
    assert given("auth-authorize") == {"ECO2_DATABASE_URL", "ECO2_REDIS_AUTH_URL"}


def test_private_keys_are_where_tokens_are_issued_and_public_ones_where_they_are_checked() -> None:
    mounted = {function.name: keys(function) for function in FUNCTIONS.values() if keys(function)}
    assert mounted == {
        "auth-refresh": KEYS,
        "auth-callback": KEYS,
        "auth-local-login": KEYS,
        "auth-authorize": VERIFYING_KEYS,
        "auth-jwks": VERIFYING_KEYS,
        "auth-logout": VERIFYING_KEYS,
    }


def test_keys_of_models_are_where_models_are_asked() -> None:
    asking = {name for name in FUNCTIONS if given(name) & MODELS}
    assert asking >= {"scan-vision", "scan-answer"}
    assert all(given(name) >= MODELS for name in asking)
    assert not asking & {"scan-submit", "scan-result", "images-upload", "users-me", "scan-stream"}


def test_the_object_stores_key_is_where_uploads_are_signed() -> None:
    assert {name for name in FUNCTIONS if "ECO2_OBJECTS_SECRET_KEY" in given(name)} >= {"images-upload"}
    assert "ECO2_OBJECTS_SECRET_KEY" not in given("scan-submit") | given("users-me")


def test_a_stream_gets_the_stores_that_it_follows() -> None:
    assert {"ECO2_REDIS_STREAMS_URL", "ECO2_REDIS_PUBSUB_URL"} <= given("scan-stream")
    assert not given("users-me") & {"ECO2_REDIS_STREAMS_URL", "ECO2_REDIS_PUBSUB_URL"}


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=lambda function: function.name)
def test_what_the_edge_calls_can_know_it(function: Function) -> None:
    assert (INSIDE in secrets(function)) is isinstance(function, HttpFunction)
    assert function.handler.__module__ in code(function)


def test_every_secret_of_functions_is_asked_for_or_names_who_reads_it() -> None:
    of_stores = rows(RuntimeSettings).keys()
    for kind in declared():
        if kind.__module__.startswith("functions."):
            for name, field in rows(kind).items():
                known = name in of_stores or field.metadata["read_by"]
                assert known or not isinstance(field.default, Secret), f"{name}: setting(…, read_by=MODULE)"
    for name, module in readers().items():
        assert find_spec(module), f"{name} is read by a module that is not there: {module}"
        assert any(module in code(function) for function in FUNCTIONS.values()), name
