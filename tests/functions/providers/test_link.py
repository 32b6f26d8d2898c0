"""Which failures of a provider open its circuit."""

from __future__ import annotations

import pytest

from functions.providers.errors import ModelRefused, ModelUnavailable, Reason
from functions.providers.link import speaks_against


@pytest.mark.parametrize("reason", ["rate_limited", "rejected", "busy", "not_configured"])
def test_what_is_not_the_providers_fault_does_not_count(reason: Reason) -> None:
    assert not speaks_against(ModelUnavailable("m", reason))


@pytest.mark.parametrize("reason", ["timeout", "connection", "server_error", "quota", "unauthorized"])
def test_what_is_the_providers_fault_counts(reason: Reason) -> None:
    assert speaks_against(ModelUnavailable("m", reason))


def test_a_refusal_is_an_answer() -> None:
    assert not speaks_against(ModelRefused("m"))
