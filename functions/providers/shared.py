"""The models as functions get them: one set a process, counted in metrics and charged to the work at hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from functions.providers.errors import ModelError, ModelRefused
from functions.providers.models import Asked, Models
from functions.providers.request import Completion, ModelRequest, T
from functions.providers.settings import ProviderSettings
from functions.runtime.errors import Reject, Retry
from functions.runtime.resources import Service
from functions.runtime.shares import Shares

if TYPE_CHECKING:
    from functions.runtime.resources import Resources


class SharedModels(Models, Service):
    """`Models` opened with the settings of the process; its client is imported in the background."""

    @classmethod
    async def open(cls, resources: Resources) -> Self:
        """The configured models. Raises SettingsError and UnknownModel."""
        settings = resources.settings(ProviderSettings)

        async def allow(user_id: str) -> bool:
            shares = await resources.get(Shares)
            return await shares.spend(
                "model-calls", user_id, most=settings.model_user_calls, window_s=settings.model_user_window_s
            )

        models = cls(settings, observe=charge, allow=allow if settings.model_user_calls else None)
        models.warm()
        resources.on_close(models.close)
        return models


async def ask(
    models: SharedModels, model: str, request: ModelRequest[T], *, budget_s: float
) -> Completion[T]:
    """Ask a model, with its failures as a function's. Raises ModelRefused, Retry (may be gone later) and Reject."""
    try:
        return await models.complete(model, request, budget_s=budget_s)
    except ModelRefused:
        raise
    except ModelError as error:
        if error.retryable:
            raise Retry("the model did not answer", code="MODEL_UNAVAILABLE") from error
        spent = "budget" in {
            error.error_type,
            *(e.error_type for e in getattr(error, "failures", {}).values()),
        }
        raise Reject("MODEL_BUDGET_SPENT" if spent else "MODEL_FAILED", str(error)) from error


def charge(asked: Asked) -> None:
    """Count a call and add its cost to the work at hand."""
    from functions.runtime import telemetry

    metrics = telemetry.metrics()
    metrics.model_calls.labels(asked.provider, asked.task, asked.outcome).inc()
    metrics.model_cost.labels(asked.provider, asked.task).inc(asked.cost_usd)
    telemetry.spend(asked.cost_usd)
