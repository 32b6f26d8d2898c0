"""A setting that can't be ends the start at once, with the sentence that says which."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from embedded.supervisor import edge, given
from embedded.supervisor.errors import CannotStartError
from embedded.supervisor.options import from_environment
from embedded.supervisor.platform import Platform
from embedded.supervisor.sockets import listen, port_of
from tests.embedded.supervisor.test_run import environment, folder

__all__ = ["folder"]


async def refusal(settings: Mapping[str, str], home: Path, broker: str = "embedded") -> str:
    """What is told of a start with these settings before anything starts."""
    with pytest.raises(CannotStartError) as told:
        await given.check(from_environment(environment(**settings), home=home, broker=broker))
    return str(told.value)


@pytest.mark.parametrize(
    ("setting", "value", "why"),
    [
        ("ECO2_DATABASE_URL", "host=x password=geheim", "expected a postgresql:// address ("),
        ("ECO2_REDIS_CACHE_URL", "geheim@redis", "expected a redis:// address ("),
        ("ECO2_AMQP_URL", "http://geheim@x", "expected an amqp:// address ("),
        ("ECO2_OBJECTS_URL", "s3.example", "expected an http:// or https:// address"),
        ("ECO2_CDN_URL", "http://", "expected an http:// or https:// address"),
        ("ECO2_OBJECTS_URL", "http://a:x", "expected an http:// or https:// address"),
        ("ECO2_OBJECTS_BUCKET", "../x", "expected a bucket's name, not '../x'"),
        (
            "ECO2_IMAGE_HOSTS",
            "a.example,https://b.example",
            "expected names of hosts, not 'https://b.example'",
        ),
        ("ECO2_LOG_LEVEL", "chatty", "expected DEBUG, INFO, WARNING or ERROR, not 'chatty'"),
        ("ECO2_MODELS", "local,made-up", "nobody provides a model 'made-up'"),
        ("ECO2_MODEL_FALLBACK", "made-up", "nobody provides a model 'made-up'"),
        ("ECO2_MODEL_PRICES", "/nowhere.json", "[Errno 2] No such file or directory: '/nowhere.json'"),
        ("ECO2_SIGNING_KEYS", "/nowhere", "the signing keys in /nowhere can't be read"),
    ],
)
async def test_what_is_wrong_is_told_by_its_name(folder: Path, setting: str, value: str, why: str) -> None:
    told = await refusal({setting: value}, folder)
    assert told.startswith(f"{setting}: {why}")
    assert "geheim" not in told


async def test_a_server_that_nobody_runs_is_named(folder: Path, unused_tcp_port: int) -> None:
    redis = await refusal({"ECO2_REDIS_AUTH_URL": f"redis://:geheim@127.0.0.1:{unused_tcp_port}"}, folder)
    nobody = f"nobody takes connections at 127.0.0.1:{unused_tcp_port} "
    assert redis.startswith(f"ECO2_REDIS_AUTH_URL: {nobody}")
    amqp = {"ECO2_AMQP_URL": f"amqp://u:geheim@127.0.0.1:{unused_tcp_port}/v"}
    rabbitmq = await refusal(amqp, folder, "rabbitmq")
    assert rabbitmq.startswith(f"ECO2_AMQP_URL: {nobody}")
    assert "geheim" not in redis + rabbitmq


async def test_servers_that_run_pass(folder: Path) -> None:
    with listen() as listener:
        there = {
            "ECO2_REDIS_CACHE_URL": f"redis://127.0.0.1:{port_of(listener)}/1",
            "ECO2_REDIS_AUTH_URL": "unix:///run/redis.sock",
            "ECO2_AMQP_URL": "amqp://127.0.0.1:1/not-used-by-this-broker",
            "ECO2_IMAGE_HOSTS": "a.example, .b.example",
        }
        await given.check(from_environment(environment(**there), home=folder))


async def test_a_database_that_cannot_be_reached_is_named(folder: Path, unused_tcp_port: int) -> None:
    there = {"ECO2_DATABASE_URL": f"postgresql://u:geheim@127.0.0.1:{unused_tcp_port}/x"}
    platform = Platform(from_environment(environment(**there), home=folder, port=0), lambda _line: None)
    with pytest.raises(CannotStartError, match=r"^ECO2_DATABASE_URL: migrations failed: ") as told:
        await platform.run()
    assert "geheim" not in str(told.value)


def test_a_limit_of_what_is_not_there_is_refused(tmp_path: Path) -> None:
    routes = tmp_path / "routes.json"
    routes.write_text("[]")
    with pytest.raises(CannotStartError, match=re.escape("there is no function 'scan-sumbit' behind")):
        edge.table(routes, {"address": "1/1", "scan-sumbit": "60/60"})
