"""The home folder, the options, the environment handed to children, bounded logs."""

from __future__ import annotations

import dataclasses
import json
import stat
from pathlib import Path
from typing import Any

import pytest

from embedded import logs
from embedded.supervisor import environment
from embedded.supervisor.environment import Addresses
from embedded.supervisor.errors import AlreadyRunningError, CannotStartError
from embedded.supervisor.home import Home
from embedded.supervisor.options import Options, from_environment

AT = Addresses(
    "http://127.0.0.1:8080", "http://127.0.0.1:1", "http://127.0.0.1:2", "postgresql://x", "redis://y"
)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path / "home")
    made.make()
    return made


def test_a_home_is_held_by_one_and_says_where(home: Home) -> None:
    assert not home.is_running()
    with home.lock():
        home.write_state({"url": "http://127.0.0.1:8123"})
        assert home.is_running()
        with pytest.raises(
            AlreadyRunningError, match=r"running already at http://127.0.0.1:8123; stop it with"
        ):
            home.lock()
    assert not home.is_running()
    with home.lock():
        pass


def test_state_and_secrets_are_for_the_owner_only(home: Home) -> None:
    home.write_state({"a": 1})
    first = home.secret("objects")
    assert home.secret("objects") == first
    assert home.secret("other") != first
    for name in ("state.json", "secrets.json"):
        assert stat.S_IMODE((home.folder / name).stat().st_mode) == 0o600
    assert json.loads((home.folder / "state.json").read_text()) == {"a": 1}
    (home.folder / "state.json").write_text("half a docu")
    assert home.state() is None


def test_only_the_owner_looks_into_a_home(home: Home) -> None:
    assert stat.S_IMODE(home.folder.stat().st_mode) in {0o700, 0o711}
    for folder in (home.logs, home.folder / "objects"):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_secrets_of_which_half_was_written_are_told(home: Home) -> None:
    (home.folder / "secrets.json").write_text('{"objects": "ab')
    with pytest.raises(CannotStartError, match=r"secrets\.json is damaged; remove it"):
        home.secret("objects")


def test_a_home_that_can_not_be_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CannotStartError, match="give --home"):
        Home(tmp_path / "file").make()


def test_options_come_from_arguments_then_environment() -> None:
    options = from_environment({"ECO2_PORT": "9000", "ECO2_BROKER": "rabbitmq"}, port=9001, model="simulated")
    assert (options.port, options.broker, options.model) == (9001, "rabbitmq", "simulated")
    assert options.starts_rabbitmq
    given = from_environment(
        {"ECO2_AMQP_URL": "amqp://h", "ECO2_DATABASE_URL": "postgresql://d", "ECO2_BROKER": "rabbitmq"}
    )
    assert not given.starts_rabbitmq
    assert not given.starts_postgres
    assert given.starts_valkey


def test_a_model_without_its_key_is_noticed(tmp_path: Path) -> None:
    assert from_environment({}, model="gpt-5.2").missing_key == "ECO2_OPENAI_API_KEY"
    key = tmp_path / "key"
    key.write_text("sk-test")
    assert not from_environment({"ECO2_OPENAI_API_KEY_FILE": str(key)}, model="gpt-5.2").missing_key
    assert not from_environment({}).missing_key


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"broker": "kafka"}, "neither embedded nor rabbitmq"),
        ({"model": "gpt-9"}, "none of gpt-5.2"),
        ({"port": 70_000}, "--port 0 to 65535"),
        ({"processes": 99}, "--processes 1 to 16"),
    ],
)
def test_wrong_options_say_what_to_do(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(CannotStartError, match=said):
        from_environment({}, **wrong)


def test_a_wrong_environment_is_told_before_anything_starts() -> None:
    with pytest.raises(CannotStartError, match=r"ECO2_PORT: expected a number.*ECO2_PROT: no such setting"):
        from_environment({"ECO2_PORT": "many", "ECO2_PROT": "1"})


def test_functions_get_what_they_know(home: Home) -> None:
    given = {"PATH": "/bin", "ECO2_PORT": "1", "ECO2_RATE_LIMITS": "a=1/1", "ECO2_SCAN_DEADLINE_S": "60"}
    options = Options(home.folder, model="simulated", environment=given)
    env = environment.functions(options, home, AT)
    assert "ECO2_PORT" not in env
    assert "ECO2_RATE_LIMITS" not in env
    assert env["ECO2_SCAN_DEADLINE_S"] == "60"
    assert env["ECO2_MODEL"] == "simulated"
    assert env["ECO2_OBJECTS_URL"] == "http://127.0.0.1:8080/objects"
    assert env["ECO2_CDN_URL"] == "http://127.0.0.1:8080/objects/eco2-images/public"
    assert env["ECO2_REDIS_STREAMS_URL"] == "redis://y"
    assert env["K_SINK"] == "http://127.0.0.1:2"


def test_sign_in_finds_the_local_identity_provider_where_none_is_configured(home: Home) -> None:
    at = dataclasses.replace(AT, identity="http://127.0.0.1:3")
    given = {"ECO2_OAUTH_KAKAO_CLIENT_ID": "real"}
    options = Options(home.folder, environment=given)
    assert options.local_providers == ("google", "naver")
    env = environment.functions(options, home, at)
    assert env["ECO2_OAUTH_GOOGLE_AUTHORIZE_URL"] == "http://127.0.0.1:3/google/authorize"
    assert env["ECO2_OAUTH_NAVER_TOKEN_URL"] == "http://127.0.0.1:3/naver/token"
    assert env["ECO2_OAUTH_NAVER_CLIENT_SECRET"] == env["ECO2_IDENTITY_SECRET"] == home.secret("identity")
    assert env["ECO2_OAUTH_KAKAO_CLIENT_ID"] == "real"
    assert "ECO2_OAUTH_KAKAO_TOKEN_URL" not in env


@pytest.mark.parametrize(("env", "offered"), [("", 3), ("local", 3), ("production", 0)])
def test_the_local_identity_provider_is_for_development_only(home: Home, env: str, offered: int) -> None:
    assert len(Options(home.folder, environment={"ECO2_ENV": env}).local_providers) == offered


def test_external_services_stay_as_given(home: Home) -> None:
    given = {
        "ECO2_OBJECTS_URL": "https://s3.example",
        "ECO2_CDN_URL": "https://cdn.example",
        "ECO2_ENV": "production",
    }
    env = environment.functions(Options(home.folder, environment=given), home, AT)
    assert given.items() <= env.items()


def test_a_long_log_is_cut_and_its_part_kept(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    with log.open("ab") as writer:
        writer.write(b"x" * 2000)
        writer.flush()
        logs.bound(tmp_path, max_bytes=1000)
        assert log.stat().st_size == 0
        writer.write(b"goes on\n")
        writer.flush()
    assert log.read_text() == "goes on\n"
    assert (tmp_path / "a.log.1").stat().st_size == 2000
    assert logs.last_line(log) == "goes on"
    assert logs.last_line(tmp_path / "none.log") == "it wrote no log"
