"""OpenAI's formats: Responses (`/v1/responses`) and Chat Completions (`/v1/chat/completions`).

Source: OpenAI API reference, objects `response`, `chat.completion` and their stream events.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from functions.providers.simulated.course import FAILURES, Outcome
from functions.providers.simulated.wire import CITED, Call, Said, server_sent, words


def failure(outcome: Outcome, _retry_after_s: float) -> tuple[int, dict[str, Any]] | None:
    """Status and error body."""
    if outcome not in FAILURES:
        return None
    if outcome == "rate_limited":
        error = {
            "message": "Rate limit reached (simulated)",
            "type": "requests",
            "code": "rate_limit_exceeded",
        }
        return 429, {"error": {**error, "param": None}}
    return 500, {
        "error": {"message": "simulated failure", "type": "server_error", "code": None, "param": None}
    }


class Responses:
    """The Responses API."""

    def parse(self, body: dict[str, Any], tokens: int) -> Call:
        wanted = (body.get("text") or {}).get("format") or {}
        return Call(
            model=str(body.get("model", "")),
            task=_task(body.get("input"), "input_image"),
            schema=wanted.get("schema"),
            stream=bool(body.get("stream")),
            input_tokens=tokens,
            text=_text(body.get("input")),
            searches=any(tool.get("type") == "web_search" for tool in body.get("tools") or []),
        )

    def whole(self, said: Said) -> dict[str, Any]:
        return self._response(said, "completed", [self._message(said, "completed")])

    def pieces(self, said: Said) -> Iterator[bytes]:
        at = {"item_id": f"msg_{said.id}", "output_index": 0, "content_index": 0}
        number = iter(range(1_000_000))

        def event(kind: str, **data: Any) -> bytes:
            return server_sent({"type": kind, "sequence_number": next(number), **data}, kind)

        empty = {"type": "output_text", "text": "", "annotations": []}
        full = {**empty, "text": said.text}
        item = {**self._message(said, "in_progress"), "content": []}
        yield event("response.created", response=self._response(said, "in_progress", []))
        yield event("response.output_item.added", output_index=0, item=item)
        yield event("response.content_part.added", **at, part=empty)
        for word in words(said.text):
            yield event("response.output_text.delta", **at, delta=word, logprobs=[])
        if said.cited:
            cited = {
                "type": "url_citation",
                "url": CITED[0],
                "title": CITED[1],
                "start_index": 0,
                "end_index": 1,
            }
            yield event("response.output_text.annotation.added", **at, annotation_index=0, annotation=cited)
        yield event("response.output_text.done", **at, text=said.text, logprobs=[])
        yield event("response.content_part.done", **at, part=full)
        yield event("response.output_item.done", output_index=0, item=self._message(said, "completed"))
        yield event("response.completed", response=self.whole(said))

    failure = staticmethod(failure)

    def _message(self, said: Said, status: str) -> dict[str, Any]:
        part = (
            {"type": "refusal", "refusal": said.text}
            if said.refused
            else {"type": "output_text", "text": said.text, "annotations": [], "logprobs": []}
        )
        identity = {"id": f"msg_{said.id}", "type": "message", "role": "assistant"}
        return {**identity, "status": status, "content": [part]}

    def _response(self, said: Said, status: str, output: list[dict[str, Any]]) -> dict[str, Any]:
        usage = {
            "input_tokens": said.input_tokens,
            "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
            "output_tokens": said.output_tokens,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": said.input_tokens + said.output_tokens,
        }
        return {
            "id": f"resp_{said.id}",
            "object": "response",
            "created_at": 1767225600,
            "status": status,
            "model": said.model,
            "output": output,
            "usage": usage if status == "completed" else None,
            "error": None,
            "incomplete_details": None,
            "instructions": None,
            "metadata": {},
            "parallel_tool_calls": True,
            "temperature": 1.0,
            "tool_choice": "auto",
            "tools": [],
            "top_p": 1.0,
        }


class ChatCompletions:
    """The Chat Completions API, also spoken by compatible servers."""

    def parse(self, body: dict[str, Any], tokens: int) -> Call:
        wanted = (body.get("response_format") or {}).get("json_schema") or {}
        return Call(
            model=str(body.get("model", "")),
            task=_task(body.get("messages"), "image_url"),
            schema=wanted.get("schema"),
            stream=bool(body.get("stream")),
            input_tokens=tokens,
            text=_text(body.get("messages")),
            counts=bool((body.get("stream_options") or {}).get("include_usage")),
        )

    def whole(self, said: Said) -> dict[str, Any]:
        message = {
            "role": "assistant",
            "content": None if said.refused else said.text,
            "refusal": said.text if said.refused else None,
        }
        choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
        usage = {
            "prompt_tokens": said.input_tokens,
            "completion_tokens": said.output_tokens,
            "total_tokens": said.input_tokens + said.output_tokens,
        }
        return {**self._head(said, "chat.completion"), "choices": [choice], "usage": usage}

    def pieces(self, said: Said) -> Iterator[bytes]:
        head = self._head(said, "chat.completion.chunk")
        for word in words(said.text):
            choice = {"index": 0, "delta": {"role": "assistant", "content": word}, "finish_reason": None}
            yield server_sent({**head, "choices": [choice]})
        yield server_sent({**head, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
        if said.counted:
            yield server_sent({**head, "choices": [], "usage": self.whole(said)["usage"]})
        yield b"data: [DONE]\n\n"

    failure = staticmethod(failure)

    def _head(self, said: Said, kind: str) -> dict[str, Any]:
        return {"id": f"chatcmpl-{said.id}", "object": kind, "created": 1767225600, "model": said.model}


def _text(turns: object) -> str:
    """The text of the last turn, which may be one string or parts."""
    if isinstance(turns, str):
        return turns
    content = turns[-1].get("content") if isinstance(turns, list) and turns else None
    if isinstance(content, str):
        return content
    return "".join(str(part.get("text") or "") for part in content or [])


def _task(turns: object, image_kind: str) -> str:
    """`vision` when any turn carries an image, else `answer`."""
    for turn in turns if isinstance(turns, list) else []:
        content = turn.get("content") if isinstance(turn, dict) else None
        for part in content if isinstance(content, list) else []:
            if isinstance(part, dict) and part.get("type") == image_kind:
                return "vision"
    return "answer"
