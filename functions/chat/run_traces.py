"""Traces of the graph's runs for LangSmith, where its own environment asks for them (`LANGSMITH_TRACING=true`).

LangChain would trace by itself then, with all that was said. A tracer of ours takes that place: it tells which nodes
ran, how long, and which failed with what class of error. What went in and out is told only with
`LANGSMITH_HIDE_INPUTS=false` and `LANGSMITH_HIDE_OUTPUTS=false`.
"""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Any

from functions.chat.settings import ChatSettings

if TYPE_CHECKING:
    from langchain_core.callbacks import BaseCallbackHandler

    from functions.runtime.resources import Resources

SWITCHES = ("LANGSMITH_TRACING", "LANGSMITH_TRACING_V2", "LANGCHAIN_TRACING", "LANGCHAIN_TRACING_V2")
LAST_S = 3.0
"""For what is still to be sent when the process ends."""


async def run_callbacks(resources: Resources) -> list[BaseCallbackHandler]:
    """What LangGraph tells of runs: nothing, unless the environment names LangSmith."""
    if not any(os.environ.get(name, "").lower() == "true" for name in SWITCHES):
        return []
    key = resources.settings(ChatSettings).langsmith_api_key.get_secret_value()
    tracer = await asyncio.to_thread(_tracer, key or None)

    async def close() -> None:
        await asyncio.to_thread(tracer.client.close, LAST_S)

    resources.on_close(close)
    return [tracer]


def _tracer(key: str | None) -> Any:
    from langchain_core.tracers import LangChainTracer
    from langsmith import Client

    hide_inputs, hide_outputs = (
        os.environ.get(f"LANGSMITH_HIDE_{what}", "").lower() != "false" for what in ("INPUTS", "OUTPUTS")
    )

    class _QuietTracer(LangChainTracer):
        @staticmethod
        def _get_stacktrace(error: BaseException) -> str:  # messages of errors may hold what users wrote
            return type(error).__name__

    return _QuietTracer(client=Client(api_key=key, hide_inputs=hide_inputs, hide_outputs=hide_outputs))
