"""A turn's stream in the events of AG-UI, the protocol between agents and user interfaces (docs.ag-ui.com, version 1).

A stream is one run. Stages are its steps, the answer is one message, and what the turn waits for is an event of our own
(`CUSTOM`, `needs_input`), after which the run goes on. It has no numbers: who comes again sees the run from its start.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import aclosing
from typing import Any

from sse_starlette import ServerSentEvent

AgUiEvent = dict[str, Any]
BROKEN_OFF = "연결이 끊겼어요. 다시 연결하면 처음부터 보여 드릴게요."


class AgUiRun:
    """One run: what of it is open, so that its end closes what a process that died has left open."""

    def __init__(self, chat_id: str, job_id: str) -> None:
        self._ids = {"threadId": chat_id, "runId": job_id}
        self._message_id = job_id
        self._steps: list[str] = []
        self._said = ""
        self.ended = False

    def begin(self) -> AgUiEvent:
        """The first event."""
        return {"type": "RUN_STARTED", **self._ids}

    def events(self, stage: str, told: Mapping[str, Any]) -> Iterator[AgUiEvent]:
        """What one event of a turn's stream becomes: none, or several."""
        match stage, told.get("status"):
            case "token", _:
                yield from self._text(told["content"])
            case "needs_input", _:
                value = {name: told[name] for name in ("input_type", "timeout", "message")}
                yield {"type": "CUSTOM", "name": "needs_input", "value": value}
            case "done", _:
                yield from self._finish(told["result"])
            case "error", _:
                yield from self._fail(told["message"], told["error"])
            case "queued", _:
                pass  # that the run has begun says as much
            case _, "started":
                if stage not in self._steps:  # begun by an attempt that died
                    self._steps.append(stage)
                    yield {"type": "STEP_STARTED", "stepName": stage, "rawEvent": dict(told)}
            case _:
                if stage in self._steps:
                    self._steps.remove(stage)
                    yield {"type": "STEP_FINISHED", "stepName": stage, "rawEvent": dict(told)}

    def broken_off(self) -> Iterator[AgUiEvent]:
        """The end of a stream that ended before its turn did."""
        return self._fail(BROKEN_OFF, "connection_reset")

    def _text(self, piece: str) -> Iterator[AgUiEvent]:
        if not piece:
            return
        if not self._said:
            yield {"type": "TEXT_MESSAGE_START", "messageId": self._message_id, "role": "assistant"}
        self._said += piece
        yield {"type": "TEXT_MESSAGE_CONTENT", "messageId": self._message_id, "delta": piece}

    def _finish(self, result: Mapping[str, Any]) -> Iterator[AgUiEvent]:
        answer = str(result["answer"])
        if self._said and not answer.startswith(self._said):
            # Pieces are missing that Redis has lost: the answer follows whole, as a message of its own.
            yield from self._close()
            self._message_id, self._said = f"{self._message_id}-whole", ""
        yield from self._text(answer.removeprefix(self._said))
        yield from self._close()
        yield {"type": "RUN_FINISHED", **self._ids, "result": dict(result)}
        self.ended = True

    def _fail(self, message: str, code: str) -> Iterator[AgUiEvent]:
        yield from self._close()
        yield {"type": "RUN_ERROR", "message": message, "code": code}
        self.ended = True

    def _close(self) -> Iterator[AgUiEvent]:
        """End the message and the steps that are open."""
        if self._said:
            yield {"type": "TEXT_MESSAGE_END", "messageId": self._message_id}
        while self._steps:
            yield {"type": "STEP_FINISHED", "stepName": self._steps.pop()}


async def as_ag_ui(
    told: AsyncGenerator[ServerSentEvent], chat_id: str, job_id: str
) -> AsyncGenerator[ServerSentEvent]:
    """The stream of a turn, from its start, as that of a run. A comment keeps the connection alive."""
    run = AgUiRun(chat_id, job_id)
    yield _sent(run.begin())
    async with aclosing(told):
        async for one in told:
            if one.event == "keepalive":
                yield ServerSentEvent(comment="keepalive", sep="\n")
                continue
            for event in run.events(str(one.event), json.loads(str(one.data))):
                yield _sent(event)
    for event in () if run.ended else run.broken_off():
        yield _sent(event)


def _sent(event: AgUiEvent) -> ServerSentEvent:
    return ServerSentEvent(json.dumps(event, ensure_ascii=False, separators=(",", ":")), sep="\n")
