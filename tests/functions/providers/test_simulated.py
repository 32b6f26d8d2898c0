"""The simulated provider by the real clients: streams, counts, faults, and the program itself."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from typing import Any

import aiohttp
import openai
import pytest
from uvicorn import Config

from functions.providers.simulated.__main__ import main
from functions.providers.simulated.course import Course
from functions.providers.simulated.outputs import TEXT
from functions.providers.simulated.server import Simulated
from functions.providers.simulated.settings import Behaviour
from process.settings import SettingsError, read, rows
from tests.functions.providers.conftest import Provider, running

pytestmark = pytest.mark.filterwarnings("ignore:invalid escape sequence:DeprecationWarning")


async def call(url: str, path: str, method: str = "GET", **request: Any) -> tuple[int, Any]:
    async with aiohttp.ClientSession() as session, session.request(method, url + path, **request) as response:
        return response.status, await response.json()


class TestStreams:
    async def test_responses(self, provider: Provider) -> None:
        async with (
            openai.AsyncOpenAI(api_key="k", base_url=f"{provider.url}/v1", max_retries=0) as client,
            client.responses.stream(model="m", input="안녕") as stream,
        ):
            text = [event.delta async for event in stream if event.type == "response.output_text.delta"]
            final = await stream.get_final_response()
        assert "".join(text) == TEXT == final.output_text
        assert len(text) > 5

    async def test_chat_completions(self, provider: Provider) -> None:
        async with openai.AsyncOpenAI(api_key="k", base_url=f"{provider.url}/v1", max_retries=0) as client:
            stream = await client.chat.completions.create(
                model="m", messages=[{"role": "user", "content": "안녕"}], stream=True
            )
            text = [chunk.choices[0].delta.content or "" async for chunk in stream]
        assert "".join(text) == TEXT

    async def test_gemini(self, provider: Provider) -> None:
        from google import genai
        from google.genai import types

        async with aiohttp.ClientSession() as session:
            options = types.HttpOptions(base_url=provider.url, aiohttp_client=session)
            client = genai.Client(api_key="k", http_options=options).aio
            stream = await client.models.generate_content_stream(model="gemini-x", contents="안녕")
            text = [chunk.text or "" async for chunk in stream]
        assert "".join(text) == TEXT

    async def test_the_typed_clients_understand_a_whole_answer(self, provider: Provider) -> None:
        async with openai.AsyncOpenAI(api_key="k", base_url=f"{provider.url}/v1", max_retries=0) as client:
            response = await client.responses.create(model="m", input="안녕")
            chat = await client.chat.completions.create(
                model="m", messages=[{"role": "user", "content": "안녕"}]
            )
        assert response.output_text == chat.choices[0].message.content == TEXT
        assert response.usage is not None
        assert response.usage.total_tokens == response.usage.input_tokens + response.usage.output_tokens


class TestControl:
    async def test_what_is_paid_twice_shows(self, provider: Provider) -> None:
        for marker in ("a", "b", "b"):
            headers = {"X-Client-Request-Id": marker}
            await call(
                provider.url, "/v1/responses", "POST", json={"model": "m", "input": "x"}, headers=headers
            )
        _, report = await call(provider.url, "/calls?markers")
        assert report["billed"] == 3
        assert report["repeated"] == {"b": 2}
        assert report["markers"] == {"a": 1, "b": 2}
        await call(provider.url, "/calls", "DELETE")
        _, report = await call(provider.url, "/calls")
        assert (report["billed"], report["in_flight"]) == (0, 0)
        assert "markers" not in report

    async def test_a_script_is_played_in_order(self, provider: Provider) -> None:
        status, _ = await call(provider.url, "/script", "POST", json=["error", "rate_limited", "ok"])
        assert status == 200
        request = {"json": {"model": "m", "input": "x"}}
        statuses = [(await call(provider.url, "/v1/responses", "POST", **request))[0] for _ in range(4)]
        assert statuses == [500, 429, 200, 200]

    @pytest.mark.parametrize("script", [["nonsense"], 7])
    async def test_a_wrong_script_is_refused(self, provider: Provider, script: object) -> None:
        assert (await call(provider.url, "/script", "POST", json=script))[0] == 400

    @pytest.mark.parametrize("body", [b"", b"[]", b"{", b"7"])
    async def test_a_wrong_request_is_refused(self, provider: Provider, body: bytes) -> None:
        assert (await call(provider.url, "/v1/responses", "POST", data=body))[0] == 400

    async def test_other_addresses_are_unknown(self, provider: Provider) -> None:
        assert (await call(provider.url, "/v1/embeddings", "POST", json={}))[0] == 404
        assert (await call(provider.url, "/health/ready"))[0] == 200


class TestBehaviour:
    def test_the_environment_sets_it(self) -> None:
        env = dict.fromkeys(rows(Behaviour), "0.5") | {"ECO2_SIMULATED_TEXT_TIMES": "2"}
        assert read(Behaviour, env) == Behaviour(0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 2)
        assert read(Behaviour, {}) == Behaviour()

    def test_a_wrong_number_is_named(self) -> None:
        with pytest.raises(SettingsError, match="ECO2_SIMULATED_VISION_S"):
            read(Behaviour, {"ECO2_SIMULATED_VISION_S": "-1"})

    @pytest.mark.parametrize("rate", [0.0, 0.1, 0.25, 1.0])
    def test_a_rate_strikes_exactly_its_share(self, rate: float) -> None:
        course = Course(Behaviour(error_rate=rate))
        assert [course.next() for _ in range(200)].count("error") == round(200 * rate)

    def test_the_rate_limit_opens_again_after_a_minute(self) -> None:
        now = 100.0
        course = Course(Behaviour(rate_limit_rpm=2), clock=lambda: now)
        assert [course.next() for _ in range(3)] == ["ok", "ok", "rate_limited"]
        assert course.retry_after_s == pytest.approx(60)
        now = 161.0
        assert course.next() == "ok"

    async def test_latency_is_by_task(self) -> None:
        app = Simulated(Behaviour(vision_s=60, answer_s=0))
        picture = [{"role": "user", "content": [{"type": "input_image", "image_url": "data:,"}]}]
        async with running(app) as url:
            await call(url, "/v1/responses", "POST", json={"model": "m", "input": "x"})
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.1):
                    await call(url, "/v1/responses", "POST", json={"model": "m", "input": picture})
        assert app.ledger.tasks == {"answer": 1}


async def test_the_program_serves_an_inherited_socket_until_it_is_told_to_stop() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        program = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "functions.providers.simulated",
            "--fd",
            str(listening.fileno()),
            pass_fds=[listening.fileno()],
            env=os.environ | {"ECO2_SIMULATED_ERROR_RATE": "0.5"},
        )
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        try:
            async with asyncio.timeout(30):
                request = {"json": {"model": "m", "input": "x"}}
                statuses = [(await call(url, "/v1/responses", "POST", **request))[0] for _ in range(4)]
        finally:
            program.send_signal(signal.SIGTERM)
            async with asyncio.timeout(10):
                code = await program.wait()
    assert statuses == [200, 500, 200, 500]
    assert code in (0, -signal.SIGTERM)


def test_a_wrong_setting_ends_the_program_with_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["simulated", "--port", "0"])
    monkeypatch.setenv("ECO2_SIMULATED_ERROR_RATE", "2")
    with pytest.raises(SystemExit, match="ECO2_SIMULATED_ERROR_RATE: expected 0 to 1, not 2"):
        main()


def test_the_program_serves_with_the_settings_of_its_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    served: list[Config] = []
    monkeypatch.setattr(sys, "argv", ["simulated", "--port", "8200", "--host", "127.0.0.2"])
    monkeypatch.setattr("functions.providers.simulated.__main__.logs.configure", lambda _: None)
    monkeypatch.setattr("uvicorn.server.Server.run", lambda self, sockets: served.append(self.config))
    monkeypatch.setenv("ECO2_SIMULATED_VISION_S", "12")
    main()
    (config,) = served
    assert (config.host, config.port, config.timeout_graceful_shutdown) == ("127.0.0.2", 8200, 1)
    assert isinstance(config.app, Simulated)
    assert config.app.behaviour == Behaviour(vision_s=12)
