"""What a model is told of the conversation so far: its newest messages, and a summary of those before."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from functions.chat.graph.counting import counted, surely_within
from functions.chat.graph.prompts import prompt
from functions.chat.graph.state import TurnState
from functions.chat.settings import ChatSettings
from functions.providers.errors import ModelError
from functions.providers.registry import provider_of
from functions.providers.request import TextRequest
from functions.providers.shared import SharedModels
from functions.runtime.resources import Service

if TYPE_CHECKING:
    from uuid import UUID

    from functions.runtime.database import Database
    from functions.runtime.resources import Resources

log = logging.getLogger(__name__)
KEPT = 10
"""The newest messages, which are never summed up."""
READ = 100
LONGEST = 1_500
"""Characters of one message that a model is shown."""
LONGEST_SUMMARY = 2_000
BUDGET_S = 15.0


@dataclass(frozen=True, slots=True)
class Recalled:
    """A conversation as a turn begins: `older` are the messages that are too many, up to `until`."""

    summary: str
    history: list[dict[str, str]]
    older: list[dict[str, str]]
    until: datetime | None


class Memory(Service):
    """Conversations as models are told of them. Summaries are kept in `chat.conversations`."""

    def __init__(self, database: Database, models: SharedModels, budget: int) -> None:
        self._database, self._models, self._budget = database, models, budget

    @classmethod
    async def open(cls, resources: Resources) -> Self:
        """Over the database and the models."""
        budget = resources.settings(ChatSettings).chat_history_tokens
        return cls(await resources.database(), await resources.get(SharedModels), budget)

    async def recall(self, chat_id: UUID, job_id: UUID, model: str) -> Recalled:
        """What was said before this turn and is in no summary yet; of it the newest for `local`, which sums up none."""
        rows = await self._database.all(_SAID, {"chat": chat_id, "job": job_id, "limit": READ})
        summary = next((row[3] for row in rows), None) or ""
        if provider_of(model, self._models.settings) == "local":
            return divided(summary, rows[:KEPT][::-1], self._budget)
        return await asyncio.to_thread(divided, summary, rows[::-1], self._budget)

    async def sum_up(self, state: TurnState) -> str:
        """The summary with the older messages in it, stored; the one before where no model makes another."""
        before, older = state.get("summary", ""), state.get("older", [])
        given = {"summary": before, "messages": older}
        request = TextRequest(
            task="summary",
            instructions=prompt("summary"),
            text=json.dumps(given, ensure_ascii=False),
            marker=f"{state['job_id']}:summary",
            user_id=state["user_id"],
        )
        summary = ""
        try:
            async with aclosing(self._models.write(state["model"], request, budget_s=BUDGET_S)) as pieces:
                async for piece in pieces:
                    summary += piece if isinstance(piece, str) else ""
        except ModelError as failure:
            log.warning("no summary: %s", failure)
            return before
        summary = summary.strip()[:LONGEST_SUMMARY]
        if summary:
            until = state["older_until"]
            await self._database.run(_KEEP, {"summary": summary, "until": until, "job": state["job_id"]})
        return summary or before


def divided(summary: str, said: Sequence[Any], budget: int) -> Recalled:
    """Messages (role, content, time, …; oldest first) as history, those beyond the budget of tokens apart."""
    messages = [{"role": role, "content": content[:LONGEST]} for role, content, *_ in said]
    texts = [summary, *(message["content"] for message in messages)]
    if len(messages) <= KEPT or surely_within(texts, budget) or sum(map(counted, texts)) <= budget:
        return Recalled(summary, messages, [], None)
    return Recalled(summary, messages[-KEPT:], messages[:-KEPT], said[len(messages) - KEPT - 1][2])


_SAID = """
SELECT m.role, m.content, m.created_at, c.summary
FROM chat.messages m JOIN chat.conversations c ON c.id = m.conversation_id
WHERE m.conversation_id = %(chat)s AND m.job_id <> %(job)s
  AND (c.summary_until IS NULL OR m.created_at > c.summary_until)
ORDER BY m.created_at DESC, m.id DESC LIMIT %(limit)s
"""
_KEEP = """
UPDATE chat.conversations c SET summary = %(summary)s, summary_until = %(until)s
FROM chat.turns t WHERE t.job_id = %(job)s AND c.id = t.conversation_id
  AND (c.summary_until IS NULL OR c.summary_until < %(until)s)
"""
