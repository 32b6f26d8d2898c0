"""The model `local`: the domain's own answer, computed here, which costs nothing and needs no key."""

from __future__ import annotations

import asyncio

from functions.providers.errors import ModelError, ModelUnavailable
from functions.providers.request import ModelRequest, T

MODEL = "local"


async def answer(request: ModelRequest[T], *, budget_s: float) -> T:
    """Run `request.offline`. Raises ModelUnavailable when there is none, it fails or is late."""
    if request.offline is None:
        raise ModelUnavailable(MODEL, "not_configured", f"no offline answer for {request.task}")
    try:
        async with asyncio.timeout(budget_s):
            return await request.offline()
    except TimeoutError:
        raise ModelUnavailable(MODEL, "timeout", f"{budget_s:.1f} s") from None
    except ModelError:
        raise
    except Exception as error:
        # Chained: our own code failed, and its traceback is what its author needs.
        raise ModelUnavailable(MODEL, "server_error", type(error).__name__) from error
