"""Gemini's format: `models/{model}:generateContent` and `:streamGenerateContent?alt=sse`.

Source: Gemini API reference, `GenerateContentResponse`.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from functions.providers.simulated.course import FAILURES, Outcome
from functions.providers.simulated.images_wire import drawing_task
from functions.providers.simulated.wire import CITED, Call, Said, server_sent, words


@dataclass(frozen=True, slots=True)
class GenerateContent:
    """A generate call: the model and the method stand in its path, so one of these is made for each."""

    model: str
    stream: bool

    def parse(self, body: dict[str, Any], tokens: int) -> Call:
        config = body.get("generationConfig") or {}
        parts = [part for turn in body.get("contents") or [] for part in turn.get("parts") or []]
        pictured = sum("inlineData" in part or "fileData" in part for part in parts)
        draws = "IMAGE" in (config.get("responseModalities") or [])
        return Call(
            model=self.model,
            task=drawing_task(pictured) if draws else "vision" if pictured else "answer",
            schema=config.get("responseJsonSchema") or config.get("responseSchema"),
            stream=self.stream,
            input_tokens=tokens,
            text="".join(str(part.get("text") or "") for part in parts),
            searches=any("googleSearch" in tool for tool in body.get("tools") or []),
            draws=draws,
        )

    def whole(self, said: Said) -> dict[str, Any]:
        if said.refused:
            return {**self._tail(said), "promptFeedback": {"blockReason": "SAFETY"}}
        return self._candidate(said, said.text, "STOP")

    def pieces(self, said: Said) -> Iterator[bytes]:
        if said.refused:
            yield server_sent(self.whole(said))
            return
        every = words(said.text)
        for word in every[:-1]:
            yield server_sent(self._candidate(said, word, None))
        yield server_sent(self._candidate(said, every[-1], "STOP"))

    def failure(self, outcome: Outcome, retry_after_s: float) -> tuple[int, dict[str, Any]] | None:
        if outcome not in FAILURES:
            return None
        if outcome == "rate_limited":
            wait = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": f"{retry_after_s}s"}
            error = {"code": 429, "message": "Quota exceeded (simulated)", "status": "RESOURCE_EXHAUSTED"}
            return 429, {"error": {**error, "details": [wait]}}
        return 500, {"error": {"code": 500, "message": "simulated failure", "status": "INTERNAL"}}

    def _candidate(self, said: Said, text: str, finish: str | None) -> dict[str, Any]:
        part: dict[str, Any] = {"text": text}
        if said.picture is not None:
            data = base64.b64encode(said.picture).decode()
            part = {"inlineData": {"mimeType": "image/png", "data": data}}
        candidate: dict[str, Any] = {"content": {"parts": [part], "role": "model"}, "index": 0}
        if finish:
            candidate["finishReason"] = finish
            if said.cited:
                page = {"web": {"uri": CITED[0], "title": CITED[1]}}
                candidate["groundingMetadata"] = {"groundingChunks": [page]}
        return {"candidates": [candidate], **self._tail(said)}

    def _tail(self, said: Said) -> dict[str, Any]:
        usage = {
            "promptTokenCount": said.input_tokens,
            "candidatesTokenCount": said.output_tokens,
            "totalTokenCount": said.input_tokens + said.output_tokens,
        }
        return {"usageMetadata": usage, "modelVersion": said.model, "responseId": said.id}
