"""OpenAI's Images API: `/v1/images/generations` takes JSON, `/v1/images/edits` a form with pictures.

Source: OpenAI API reference, `ImagesResponse` and its errors.
"""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Iterator
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any, Final

from functions.providers.simulated.course import Outcome
from functions.providers.simulated.openai_wire import failure
from functions.providers.simulated.wire import Call, Said

SIDE: Final = 64
NO_PICTURE: Final = b"no picture"


class Images:
    """The Images API; a refusal is an error there, and nothing is billed for it."""

    def parse(self, body: dict[str, Any], tokens: int) -> Call:
        return Call(
            model=str(body.get("model", "")),
            task=drawing_task(len(body.get("image") or [])),
            schema=None,
            stream=False,
            input_tokens=tokens,
            draws=bool(body["prompt"]),
        )

    def whole(self, said: Said) -> dict[str, Any]:
        usage = {
            "input_tokens": said.input_tokens,
            "input_tokens_details": {"image_tokens": 0, "text_tokens": said.input_tokens},
            "output_tokens": said.output_tokens,
            "total_tokens": said.input_tokens + said.output_tokens,
        }
        image = {"b64_json": base64.b64encode(said.picture or b"").decode()}
        return {"created": 1767225600, "output_format": "png", "data": [image], "usage": usage}

    def pieces(self, said: Said) -> Iterator[bytes]:
        raise NotImplementedError(f"call {said.id}: pictures don't come in pieces")

    def failure(self, outcome: Outcome, retry_after_s: float) -> tuple[int, dict[str, Any]] | None:
        if outcome != "refused":
            return failure(outcome, retry_after_s)
        error = {"message": "Your request was rejected (simulated)", "type": "image_generation_user_error"}
        return 400, {"error": {**error, "code": "moderation_blocked", "param": None}}


def drawing_task(references: int) -> str:
    """What the ledger calls a picture: `drawing`, or `drawing-by-reference` where pictures were shown."""
    return "drawing-by-reference" if references else "drawing"


def form(body: bytes, content_type: str) -> dict[str, Any]:
    """The fields of a multipart form; of `image`, which may be there several times, the files. Raises ValueError."""
    head = f"Content-Type: {content_type}\r\n\r\n".encode()
    parsed = BytesParser(policy=HTTP).parsebytes(head + body)
    fields: dict[str, Any] = {"image": []}
    for part in parsed.iter_parts():
        name = str(part.get_param("name", "", header="content-disposition"))
        content = part.get_payload(decode=True)
        if not isinstance(content, bytes):
            raise ValueError("a part of the form is no text")  # noqa: TRY004 - what the caller maps to status 400
        if name.removesuffix("[]") == "image":
            fields["image"].append(content)
        else:
            fields[name] = content.decode()
    return fields


def picture() -> bytes:
    """A green square as PNG, always the same one."""
    rows = b"".join(b"\0" + bytes((88, 184, 95)) * SIDE for _ in range(SIDE))
    header = struct.pack(">IIBBBBB", SIDE, SIDE, 8, 2, 0, 0, 0)
    chunks = (_chunk(b"IHDR", header), _chunk(b"IDAT", zlib.compress(rows)), _chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
