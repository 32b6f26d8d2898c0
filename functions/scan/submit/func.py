"""Accepts a picture to scan; the answer comes by stream and result."""

from __future__ import annotations

from pydantic import BaseModel, Field

from functions.images.addresses import FetchPolicy, check_url
from functions.images.events import PictureExpected
from functions.providers.settings import ProviderSettings
from functions.runtime import IdempotencyKey, Invalid, Resources, User, http_function
from functions.runtime.waking import Waking
from functions.scan.defaults import DEFAULT_INPUT
from functions.scan.jobs import Jobs


class SubmitScan(BaseModel):
    """The picture and the question that a client sends."""

    image_url: str = Field(min_length=1, max_length=2048)
    user_input: str | None = Field(None, max_length=1000)
    model: str | None = Field(None, max_length=100)
    region: str | None = Field(
        None,
        max_length=60,
        description="Where the user lives: a name (서울특별시 강남구, 강남구) or an official code.",
    )


class ScanAccepted(BaseModel):
    """The accepted job, and where its progress and result are."""

    job_id: str
    stream_url: str
    result_url: str
    status: str = "queued"


@http_function(
    "POST /api/v1/scan",
    status=202,
    max_body=16_384,
    rate_limit="60/60",
    problems=(
        "UNSUPPORTED_MODEL",
        "IMAGE_URL_INVALID",
        "IDEMPOTENCY_KEY_REUSED",
        "REQUEST_IN_PROGRESS",
        "TOO_MANY_SCANS",
    ),
)
async def submit(
    body: SubmitScan,
    user: User,
    key: IdempotencyKey,
    jobs: Jobs,
    policy: FetchPolicy,
    waking: Waking,
    resources: Resources,
) -> ScanAccepted:
    """Check what can be checked at once, store the job with its event, answer."""
    waking.wake(PictureExpected())
    configured = resources.settings(ProviderSettings)
    supported = list(configured.models)
    model = body.model or configured.model
    if body.model is not None and body.model not in (*supported, configured.model):
        raise Invalid(
            "UNSUPPORTED_MODEL",
            f"There is no model {body.model!r}; name one of {', '.join(supported)}.",
            extra={"supported_models": supported},
        )
    check_url(body.image_url, policy)
    question = (body.user_input or "").strip() or DEFAULT_INPUT
    region = (body.region or "").strip() or None
    job_id = await jobs.submit(user.id, body.image_url, question, model, key.value, region)
    base = f"/api/v1/scan/{job_id}"
    return ScanAccepted(job_id=str(job_id), stream_url=f"{base}/events", result_url=f"{base}/result")


new = submit.new
