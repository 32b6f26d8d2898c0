"""Turns: a message accepted once, worked on by one agent at a time, ended once. Table `chat.turns`."""

from __future__ import annotations

import hashlib
import json
import logging
from typing import TYPE_CHECKING, Any, Self
from uuid import UUID, uuid4

from pydantic_core import to_json

from eventing.cloudevent import CloudEvent
from eventing.errors import PublishFailed
from eventing.progress.events import Progress
from eventing.tracing import traced
from functions.chat import progress
from functions.chat.conversations import unknown
from functions.chat.events import Coordinates, InputReceived, TurnCompleted
from functions.chat.outgoing import ChatOutgoing
from functions.chat.progress import LAST_SEQ, ChatProgress, Telling
from functions.chat.settings import ChatSettings
from functions.chat.statements import (
    CANCEL,
    CLAIM,
    COMPLETE,
    FAIL,
    GIVE,
    OWNED,
    RELEASE,
    STORY,
    SUBMIT,
    TURN,
    WAIT,
)
from functions.chat.turn import AgentReply, Ending, OwnedTurn, Turn, started
from functions.chat.wording import BROKEN_OFF, ended
from functions.runtime.errors import Conflict, NotFound, Reject, TooMany, Unprocessable
from functions.runtime.ledger import LEASE_MARGIN_S, Claim, Ledger, State
from functions.runtime.telemetry import spent_usd
from process import tracing

if TYPE_CHECKING:
    from functions.runtime.database import Database
    from functions.runtime.declaration import EventFunction
    from functions.runtime.resources import Resources

log = logging.getLogger(__name__)
PREVIEW_LENGTH = 100
AGAIN_S = 5  # when to ask again for a turn


class Turns(Ledger):
    """Turns: submitted, claimed by an agent, paused and resumed, ended, and told."""

    def __init__(
        self,
        database: Database,
        worker: int,
        told: ChatProgress,
        outgoing: ChatOutgoing,
        resources: Resources,
    ) -> None:
        self.database, self.worker, self.progress = database, worker, told
        self._outgoing, self._resources = outgoing, resources

    @classmethod
    async def open(cls, resources: Resources) -> Self:
        """Turns claimed by this process's worker, whose liveness guards its claims."""
        database = await resources.database()
        outgoing = await resources.get(ChatOutgoing)
        worker = await resources.worker()
        return cls(database, worker, await resources.get(ChatProgress), outgoing, resources)

    async def submit(
        self,
        user_id: str,
        chat_id: UUID,
        message: str,
        image_url: str | None,
        location: Coordinates | None,
        model: str,
        key: str | None,
    ) -> UUID:
        """Store the message, its turn and the event that starts it in one statement.

        Gives the turn of an equal request with the same key again. Raises NotFound, Unprocessable for a key that was
        used for something else, Conflict for a twin at this moment, TooMany while many others are under way.
        """
        job_id = uuid4()
        event = traced(started(job_id, chat_id, user_id, waited=False))
        place = location and location.model_dump()
        digest = hashlib.sha256(to_json([str(chat_id), message, image_url, place, model])).digest()
        row = await self.database.one(
            SUBMIT,
            {
                "job": job_id,
                "chat": chat_id,
                "user": user_id,
                "model": model,
                "location": place and json.dumps(place),
                "key": key,
                "hash": digest,
                "trace": tracing.trace_id(),
                "traceparent": event.extensions.get("traceparent"),
                "deadline_s": self._settings.chat_deadline_s,
                "most": self._settings.chat_user_turns,
                "message_id": uuid4(),
                "content": message,
                "preview": message[:PREVIEW_LENGTH],
                "image": image_url,
                "event": event.to_structured(),
            },
        )
        known, created, under_way, earlier, earlier_digest = row or (None, None, 0, None, None)
        if known is None:
            raise unknown()
        if created is None:
            if earlier is None and under_way >= self._settings.chat_user_turns:
                raise TooMany(
                    "TOO_MANY_TURNS",
                    f"{under_way} messages of yours wait for their answers; ask again when one is answered.",
                    policy="chat-turns",
                    after_s=AGAIN_S,
                )
            if earlier is None:
                raise Conflict(
                    "REQUEST_IN_PROGRESS", "The same request is being accepted; ask again in a moment."
                )
            if bytes(earlier_digest) != digest:
                raise Unprocessable(
                    "IDEMPOTENCY_KEY_REUSED", "This idempotency key was used for another request."
                )
            return UUID(str(earlier))
        await self.progress.publish([progress.step(str(job_id), "queued", "started")], 1)
        await self._outgoing.send(event)
        return job_id

    @property
    def _settings(self) -> ChatSettings:
        return self._resources.settings(ChatSettings)

    @property
    def input_wait_s(self) -> float:
        """Seconds that a turn waits for its user's input."""
        return self._settings.chat_input_wait_s

    async def claim(self, function: EventFunction, event: CloudEvent) -> Claim:
        """Take the turn unless it is over, waits for somebody else's input, or is in living hands."""
        row = await self.database.one(
            CLAIM,
            {
                "job": _job_id(event),
                "resumes": event.type == InputReceived.type,
                "worker": self.worker,
                "lease_s": function.timeout_s + LEASE_MARGIN_S,
            },
        )
        if row is None:
            return Claim(State.ENDED)  # deleted with its user
        attempt, status, chat_id, user_id, intent = row
        if attempt is not None:
            return Claim(State.CLAIMED, attempt=attempt)
        if status == "completed":
            await self._tell_end(
                _job_id(event)
            )  # the first delivery may have died between storing and telling
            done = TurnCompleted(job_id=_job_id(event), chat_id=chat_id, user_id=user_id, intent=intent)
            return Claim(State.DONE, done.model_dump_json().encode())
        return Claim(State.BUSY if status == "active" else State.ENDED)

    async def complete(self, function: EventFunction, event: CloudEvent, output: bytes | None) -> Claim:  # noqa: ARG002
        """The handler has stored the answer, or that the turn waits."""
        return Claim(State.DONE, output)

    async def release(self, function: EventFunction, event: CloudEvent) -> None:  # noqa: ARG002
        """Hand the turn back."""
        await self.database.run(RELEASE, (spent_usd(), _job_id(event), self.worker))

    async def fail(self, function: EventFunction, event: CloudEvent, code: str) -> bool:  # noqa: ARG002
        """End the turn without an answer and tell the user; an event of no turn is left to the quarantine."""
        try:
            return await self.abandon(_job_id(event), code)
        except Reject:
            return False

    async def load(self, job_id: UUID) -> Turn:
        """The turn that this process has claimed. Raises NotFound."""
        row = await self.database.one(TURN, (job_id,))
        if row is None:
            raise unknown_turn()
        chat_id, user_id, content, image, model, location, attempt, given, resumed = row
        place = Coordinates.model_validate(location) if location else None
        return Turn(job_id, chat_id, user_id, content, image, model, place, attempt, given, resumed)

    def telling(self, turn: Turn) -> Telling:
        """What this attempt tells the user."""
        return Telling(self.progress, str(turn.job_id), turn.attempt)

    async def wait(self, turn: Turn, needs: str) -> None:
        """Store that the turn waits for the user's input, and for how long."""
        waits_s = self.input_wait_s
        await self.database.run(WAIT, (needs, waits_s, waits_s, spent_usd(), turn.job_id, self.worker))

    async def finish(self, turn: Turn, reply: AgentReply, telling: Telling) -> TurnCompleted:
        """Store the answer and the end once its text is told, and tell it. What another attempt stored first counts."""
        await telling.all_told()
        await self.database.run(
            COMPLETE,
            {
                "job": turn.job_id,
                "worker": self.worker,
                "message_id": uuid4(),
                "content": reply.answer,
                "preview": reply.answer[:PREVIEW_LENGTH],
                "intent": reply.intent,
                "metadata": json.dumps(reply.metadata, ensure_ascii=False) if reply.metadata else None,
                "seq": telling.next_seq,
                "cost": spent_usd(),
            },
        )
        await self._tell_end(turn.job_id)
        return TurnCompleted(
            job_id=turn.job_id, chat_id=turn.chat_id, user_id=turn.user_id, intent=reply.intent
        )

    async def give(self, user_id: str, job_id: UUID, given: dict[str, Any]) -> None:
        """Give a waiting turn what it waits for. Raises NotFound, and Conflict where it waits for nothing."""
        await self.owned(user_id, job_id)
        row = await self.database.one(GIVE, {"job": job_id, "user": user_id, "input": json.dumps(given)})
        if row is None:
            raise Conflict("NOTHING_NEEDED", "This turn waits for no input now.")
        await self.resume(job_id, UUID(str(row[0])), user_id)

    async def resume(self, job_id: UUID, chat_id: UUID, user_id: str) -> None:
        """Emit that a waiting turn goes on; what the broker can't take now, the sweeper emits."""
        event = started(job_id, chat_id, user_id, waited=True)
        try:
            await self._resources.publisher().publish(event)
        except PublishFailed as failed:
            log.warning("a turn waits for the sweeper: %s", failed)

    async def cancel(self, user_id: str, job_id: UUID) -> None:
        """End the user's turn now; the agent on it is told by the database and stops. Raises NotFound."""
        await self.owned(user_id, job_id)
        await self._end(CANCEL, job_id, "CANCELLED")

    async def abandon(self, job_id: UUID, code: str) -> bool:
        """End the turn as failed, unless it has ended before; False when there is no such turn."""
        return await self._end(FAIL, job_id, code)

    async def _end(self, sql: str, job_id: UUID, code: str) -> bool:
        said = await self.progress.said(str(job_id))
        found = await self.database.one(
            sql,
            {
                "job": job_id,
                "code": code,
                "message_id": uuid4(),
                "content": said + BROKEN_OFF if said else ended(code),
                "seq": LAST_SEQ,
            },
        )
        if found is None:
            return False
        await self._tell_end(job_id)
        return True

    async def owned(self, user_id: str, job_id: UUID) -> OwnedTurn:
        """The turn, if it is this user's. Raises NotFound."""
        row = await self.database.one(OWNED, (job_id, user_id))
        if row is None:
            raise unknown_turn()
        chat_id, traceparent = row
        return OwnedTurn(chat_id, {"traceparent": traceparent} if traceparent else {})

    async def story(self, job_id: UUID) -> list[Progress]:
        """What PostgreSQL knows of a turn's progress: that it was queued, and its end."""
        row = await self.database.one(STORY, (job_id,))
        return Ending(*row).story(str(job_id)) if row else []

    async def _tell_end(self, job_id: UUID) -> None:
        row = await self.database.one(STORY, (job_id,))
        story = Ending(*row).story(str(job_id)) if row else []
        if len(story) > 1:
            await self.progress.publish(story[-1:], story[-1].seq)


def _job_id(event: CloudEvent) -> UUID:
    try:
        return UUID(event.subject or "")
    except ValueError:
        raise Reject("EVENT_SUBJECT_INVALID", "The event's subject is no id of a turn.") from None


def unknown_turn() -> NotFound:
    """The answer for turns that don't exist and for other users' alike."""
    return NotFound("JOB_NOT_FOUND", "There is no such answer of yours under way.")
