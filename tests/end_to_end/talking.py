"""A user who talks with the platform, on one machine or on a cluster."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.end_to_end.client import Event, User

CHAT = "/api/v1/chat"


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation of a user."""

    user: User
    id: str

    @classmethod
    async def begun(cls, user: User) -> Conversation:
        """A new one."""
        answer = await user.ask("POST", CHAT)
        assert answer.status == 201, answer
        return cls(user, answer.json()["id"])

    async def say(self, message: str, **more: Any) -> str:
        """Send a message; the id of its turn."""
        body = {"message": message, **more}
        answer = await self.user.ask("POST", f"{CHAT}/{self.id}/messages", json=body)
        assert answer.status == 202, answer
        return str(answer.json()["job_id"])

    async def follow(self, job_id: str, *, within_s: float) -> list[Event]:
        """The turn's stream to its end, taken up again wherever it breaks."""
        return await self.user.follow(job_id, within_s=within_s, path=f"{CHAT}/{job_id}/events")

    async def messages(self) -> list[dict[str, Any]]:
        """What was said, the oldest first."""
        answer = await self.user.ask("GET", f"{CHAT}/{self.id}")
        assert answer.status == 200, answer
        found: list[dict[str, Any]] = answer.json()["messages"]
        return found


def told(events: list[Event]) -> str:
    """The text of a stream's tokens."""
    return "".join(event.data["content"] for event in events if event.name == "token")


def complaints(events: list[Event]) -> list[str]:
    """What is wrong with a stream that should have come to its end."""
    numbers = [event.data["seq"] for event in events]
    found = [] if numbers == sorted(set(numbers)) else [f"the numbers are {numbers}"]
    if not events or events[-1].step != ("done", "completed"):
        return [*found, f"the stream was {[event.step for event in events]}"]
    return found
