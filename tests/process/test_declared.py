"""Which settings there are, and that an environment is checked as a whole."""

from __future__ import annotations

import subprocess
import sys

import pytest

from brokers.settings import BrokerSettings
from cli.settings import CommandSettings
from embedded.settings import EmbeddedSettings
from functions.auth.settings import AuthSettings
from functions.providers.settings import Endpoint, ProviderSettings
from functions.providers.simulated.settings import Behaviour
from process.declared import check, declared
from process.settings import ProcessSettings, SettingsError, rows

HEAVY = ("pydantic", "starlette", "uvicorn", "aiohttp", "click", "redis", "psycopg_pool", "openai")


def test_every_package_is_looked_at_and_only_settings_are_found() -> None:
    found = set(declared())
    wanted: set[type] = {ProcessSettings, AuthSettings, ProviderSettings, Behaviour}
    assert found >= wanted | {BrokerSettings, EmbeddedSettings, CommandSettings}
    assert Endpoint not in found


def test_packages_that_read_the_same_name_agree_on_it() -> None:
    said: dict[str, set[tuple[str, str]]] = {}
    for kind in declared():
        for name, field in rows(kind).items():
            said.setdefault(name, set()).add((repr(field.default), field.metadata["about"]))
    assert {name: texts for name, texts in said.items() if len(texts) > 1} == {}


def test_names_of_all_packages_are_known() -> None:
    check({"ECO2_ISSUER": "https://x", "ECO2_TRIGGERS": "t.json", "ECO2_PORT": "1", "HOME": "/"})


def test_what_is_wrong_anywhere_is_told_at_once() -> None:
    environ = {"ECO2_ACCESS_TTL_S": "1", "ECO2_PORT": "many", "ECO2_ISUER": "x"}
    with pytest.raises(SettingsError) as raised:
        check(environ)
    assert sorted(finding.partition(":")[0] for finding in raised.value.findings) == sorted(environ)
    assert "ECO2_ISUER: no such setting" in raised.value.findings


def test_finding_the_settings_imports_no_library() -> None:
    program = (
        "import sys, functions.runtime, process.declared; before = set(sys.modules); process.declared.declared();"
        f"print(*[name for name in {HEAVY} if name in set(sys.modules) - before])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.split() == []
