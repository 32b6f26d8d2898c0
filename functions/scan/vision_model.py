"""The vision model: fetches the picture, asks the model, keeps what the taxonomy knows."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from functions.images.fetch import ImageFetcher
from functions.providers.errors import ModelRefused
from functions.providers.request import Completion, ModelRequest
from functions.providers.settings import ProviderSettings
from functions.providers.shared import SharedModels, ask
from functions.runtime.resources import Service
from functions.scan.classification import NOTHING, VisionDraft, VisionMeta, VisionResult, repair
from functions.scan.events import ScanRequested
from functions.scan.prompts import prompt

if TYPE_CHECKING:
    from functions.runtime.resources import Resources
    from functions.scan.taxonomy import Taxonomy

BUDGET_S = 38.0  # below the function's timeout, above the model's own


@dataclass(frozen=True, slots=True)
class VisionModel(Service):
    """Image fetcher and models of one process."""

    fetcher: ImageFetcher
    models: SharedModels

    @classmethod
    async def open(cls, resources: Resources) -> Self:
        """The taxonomy is read beforehand, so that the first event does not wait for it."""
        fetcher = await resources.get(ImageFetcher)
        await asyncio.to_thread(_taxonomy)
        if resources.settings(ProviderSettings).model == "local":
            from functions.scan.offline import warm

            asyncio.get_running_loop().run_in_executor(None, warm)
        return cls(fetcher, await resources.get(SharedModels))

    async def classify(self, event: ScanRequested) -> VisionResult:
        """Raises ImageRejected (the job fails), Retry and Reject."""
        image = await self.fetcher.fetch(event.image_url)
        deadline = time.monotonic() + BUDGET_S
        try:
            completion = await self._ask(event, image.jpeg, "", BUDGET_S)
            result, findings = _repaired(event, completion)
            if findings:
                # Once more with what was wrong; what is still unknown then has become 미분류.
                left_s = deadline - time.monotonic()
                completion = await self._ask(event, image.jpeg, "\n".join(findings), left_s)
                result, _ = _repaired(event, completion)
        except ModelRefused as refused:
            meta = VisionMeta(user_input=event.user_input, model=refused.model)
            return VisionResult(classification=NOTHING, confidence=0, outcome="unsafe", meta=meta)
        return result

    async def _ask(
        self, event: ScanRequested, jpeg: bytes, findings: str, budget_s: float
    ) -> Completion[VisionDraft]:
        async def offline() -> VisionDraft:
            from functions.scan.offline import classify_offline

            return await classify_offline(jpeg, event.user_input)

        text = event.user_input
        if findings:
            text += f"\n\n이전 답변에서 고칠 점:\n{findings}"
        request = ModelRequest(
            task="vision",
            instructions=prompt("vision"),
            text=text,
            output=VisionDraft,
            image=jpeg,
            offline=offline,
            marker=f"{event.job_id}:vision{':repair' if findings else ''}",
            user_id=event.user_id,
        )
        return await ask(self.models, event.model, request, budget_s=max(budget_s, 0.1))


def _repaired(event: ScanRequested, completion: Completion[VisionDraft]) -> tuple[VisionResult, list[str]]:
    meta = VisionMeta(user_input=event.user_input, provider=completion.provider, model=completion.model)
    return repair(completion.output, _taxonomy(), meta=meta)


def _taxonomy() -> Taxonomy:
    """The taxonomy, imported once the process is ready: its patterns take long to compile."""
    from functions.scan.taxonomy import taxonomy

    return taxonomy()
