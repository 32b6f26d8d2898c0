"""Takes a message for the agent; the answer comes by stream and in the conversation."""

from __future__ import annotations

from uuid import UUID

from pydantic import BaseModel, Field

from functions.chat.events import Coordinates
from functions.chat.turns import Turns
from functions.images.addresses import FetchPolicy, check_url
from functions.providers.settings import ProviderSettings
from functions.runtime import IdempotencyKey, Invalid, Resources, User, http_function
from functions.runtime.text import shown

IMAGE_ONLY = "이 이미지 분류해줘"


class NewMessage(BaseModel):
    """A message, with a picture where there is one, and where the user is."""

    message: str = Field("", max_length=4_000)
    image_url: str | None = Field(None, max_length=2_048)
    user_location: Coordinates | None = None
    model: str | None = Field(None, max_length=100)


class MessageAccepted(BaseModel):
    """The turn that answers the message, and where its progress is."""

    job_id: str
    stream_url: str
    status: str = "submitted"


@http_function(
    "POST /api/v1/chat/{chat_id}/messages",
    status=202,
    rate_limit="60/60",
    problems=(
        "CHAT_NOT_FOUND",
        "UNSUPPORTED_MODEL",
        "MESSAGE_REQUIRED",
        "IMAGE_URL_INVALID",
        "IDEMPOTENCY_KEY_REUSED",
        "REQUEST_IN_PROGRESS",
    ),
)
async def send(
    chat_id: UUID,
    body: NewMessage,
    user: User,
    key: IdempotencyKey,
    turns: Turns,
    policy: FetchPolicy,
    resources: Resources,
) -> MessageAccepted:
    """Check what can be checked at once, store the message with its event, answer."""
    configured = resources.settings(ProviderSettings)
    supported = list(configured.models)
    if body.model is not None and body.model not in (*supported, configured.model):
        raise Invalid(
            "UNSUPPORTED_MODEL",
            f"There is no model {body.model!r}; name one of {', '.join(supported)}.",
            extra={"supported_models": supported},
        )
    message = body.message.strip() if shown(body.message) else IMAGE_ONLY if body.image_url else ""
    if not message:
        raise Invalid("MESSAGE_REQUIRED", "Write a message, or send a picture.")
    if body.image_url:
        check_url(body.image_url, policy)
    job_id = await turns.submit(
        user.id,
        chat_id,
        message,
        body.image_url,
        body.user_location,
        body.model or configured.model,
        key.value,
    )
    return MessageAccepted(job_id=str(job_id), stream_url=f"/api/v1/chat/{job_id}/events")


new = send.new
