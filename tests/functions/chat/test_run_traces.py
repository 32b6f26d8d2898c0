"""LangSmith gets the graph's runs where its environment asks for them, without what was said; else nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from langsmith.utils import get_env_var
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from functions.chat.agent_run import Agent
from functions.chat.run_traces import SWITCHES
from tests.functions.chat.conftest import Talking
from tests.functions.providers.conftest import running, until

SECRET = "제 비밀은 우유팩이에요"


@dataclass
class LangSmith:
    """A server that takes runs as LangSmith's does: `GET /info`, `POST /runs/multipart` or `/runs/batch`."""

    bodies: list[bytes] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)

    @property
    def app(self) -> Starlette:
        async def info(_request: Request) -> Response:
            limits = {"size_limit": 100, "size_limit_bytes": 20_000_000, "scale_up_nthreads_limit": 1}
            triggers = {"scale_up_qsize_trigger": 1_000, "scale_down_nempty_trigger": 4}
            ingest = {"use_multipart_endpoint": True, **limits, **triggers}
            return JSONResponse({"version": "0.10.0", "batch_ingest_config": ingest})

        async def take(request: Request) -> Response:
            self.keys.add(request.headers.get("x-api-key", ""))
            self.bodies.append(await request.body())
            return JSONResponse({}, 202)

        paths = ("/runs/multipart", "/runs/batch")
        return Starlette(
            routes=[Route("/info", info), *(Route(path, take, methods=["POST"]) for path in paths)]
        )

    @property
    def told(self) -> str:
        return b"".join(self.bodies).decode(errors="replace")


@pytest.fixture(autouse=True)
def _environment_is_read_anew() -> Iterator[None]:
    """LangSmith's library remembers what it has once read."""
    remembered: Any = get_env_var  # typed as overloads, which hide that it is a cache
    remembered.cache_clear()
    yield
    remembered.cache_clear()


@pytest.fixture
async def langsmith(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[LangSmith]:
    """LangSmith, named by the environment."""
    server = LangSmith()
    async with running(server.app) as url:
        monkeypatch.setenv("LANGSMITH_TRACING", "true")
        monkeypatch.setenv("LANGSMITH_ENDPOINT", url)
        monkeypatch.setenv("LANGSMITH_PROJECT", "eco2-test")
        yield server


@pytest.mark.parametrize("hidden", [True, False])
async def test_runs_are_told_without_what_was_said(
    langsmith: LangSmith, talking: Talking, monkeypatch: pytest.MonkeyPatch, hidden: bool
) -> None:
    if not hidden:
        monkeypatch.setenv("LANGSMITH_HIDE_INPUTS", "false")
        monkeypatch.setenv("LANGSMITH_HIDE_OUTPUTS", "false")
    async with talking(ECO2_LANGSMITH_API_KEY="ls-key") as talk:
        result = await talk.ask(f"{SECRET}. 우유팩은 어떻게 버려요?")
    await until(lambda: '"chat turn"' in langsmith.told)
    for node in ("intent", "locate", "branch", "answer"):
        assert f'"name":"{node}"' in langsmith.told
    assert langsmith.keys == {"ls-key"}
    assert "eco2-test" in langsmith.told
    assert (SECRET in langsmith.told) is not hidden
    assert (result["answer"][:20] in langsmith.told) is not hidden


async def test_a_failure_is_told_by_its_class_alone(
    langsmith: LangSmith, talking: Talking, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise ValueError(SECRET)

    monkeypatch.setattr("functions.chat.graph.writer.ReplyWriter.write", broken)
    async with talking(ECO2_LANGSMITH_API_KEY="ls-key") as talk:
        await talk.say(await talk.begin(), "우유팩은?")
        assert (await talk.deliver()).status_code >= 500
    await until(lambda: "ValueError" in langsmith.told)
    assert SECRET not in langsmith.told


async def test_a_langsmith_that_is_down_holds_up_no_answer(
    talking: Talking, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANGSMITH_TRACING", "true")
    monkeypatch.setenv("LANGSMITH_ENDPOINT", "http://127.0.0.1:9")
    async with talking(ECO2_LANGSMITH_API_KEY="ls-key") as talk:
        assert (await talk.ask("우유팩은?"))["answer"]


async def test_without_its_environment_nothing_is_made_for_it(
    talking: Talking, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in SWITCHES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("langsmith.Client.__init__", lambda *_, **__: pytest.fail("a client was made"))
    async with talking(ECO2_LANGSMITH_API_KEY="ls-key") as talk:
        assert (await talk.ask("우유팩은?"))["answer"]
        agent = await talk.functions.resources.get(Agent)
        assert agent._callbacks == []
