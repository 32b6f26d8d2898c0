"""A user who talks: conversations, messages, and the events that a broker would deliver."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx

from eventing.cloudevent import CloudEvent
from functions.chat.agent.func import agent
from functions.chat.conversation_list.func import conversation_list
from functions.chat.create.func import create
from functions.chat.detail.func import detail
from functions.chat.send.func import send
from functions.chat.stream.func import stream
from tests.functions.asgi_client import Functions, Sink

BASE = "/api/v1/chat"


@dataclass
class Talk:
    """Requests of one user."""

    functions: Functions
    sink: Sink
    user: str = "6f1c0000-0000-4000-8000-000000000001"

    async def begin(self, **body: Any) -> str:
        """A new conversation; its id."""
        answer = await self.functions.call(create, "POST", BASE, user=self.user, json=body)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def say(self, chat: str, message: str, **more: Any) -> str:
        """Send a message; the id of its turn."""
        answer = await self.send(chat, {"message": message, **more})
        assert answer.status_code == 202, answer.text
        return str(answer.json()["job_id"])

    async def send(self, chat: str, body: dict[str, Any], **headers: str) -> httpx.Response:
        """One request for an answer."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.functions.call(
            send, "POST", f"{BASE}/{chat}/messages", user=self.user, json=body, headers=named
        )

    async def deliver(self, event: CloudEvent | None = None) -> httpx.Response:
        """Deliver the newest event that was emitted to the agent."""
        return await self.functions.deliver(agent, event or self.sink.events[-1])

    async def ask(self, message: str, chat: str = "", **more: Any) -> dict[str, Any]:
        """Send a message and have it answered: the result of `done`."""
        job = await self.say(chat or await self.begin(), message, **more)
        assert (await self.deliver()).status_code == 200
        result: dict[str, Any] = (await self.events(job))[-1]["result"]
        return result

    async def events(self, job: str, last: int | None = None) -> list[dict[str, Any]]:
        """What the stream of an ended turn tells; empty for 204."""
        headers = {} if last is None else {"last-event-id": str(last)}
        answer = await self.functions.call(
            stream, "GET", f"{BASE}/{job}/events", user=self.user, headers=headers
        )
        assert answer.status_code in (200, 204), answer.text
        return [json.loads(line[6:]) for line in answer.text.splitlines() if line.startswith("data: ")]

    async def page(self, **query: Any) -> dict[str, Any]:
        """A page of conversations."""
        answer = await self.functions.call(conversation_list, "GET", BASE, user=self.user, params=query)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def messages(self, chat: str, **query: Any) -> dict[str, Any]:
        """A conversation with its messages."""
        answer = await self.functions.call(detail, "GET", f"{BASE}/{chat}", user=self.user, params=query)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def stranger(self) -> Talk:
        """Another user of the same platform."""
        return Talk(self.functions, self.sink, str(uuid4()))
