"""Settings of the chat."""

from __future__ import annotations

from dataclasses import dataclass

from process.settings import Secret, setting


@dataclass(frozen=True, slots=True)
class ChatSettings:
    """What the chat's functions are told."""

    chat_deadline_s: float = setting(120, "seconds after which a turn ends as failed", least=5)
    chat_input_wait_s: float = setting(
        60, "seconds a turn waits for the user's input before it goes on", least=1
    )
    chat_overdue_s: float = setting(
        20, "seconds without movement after which a turn is started again", least=1
    )
    chat_user_turns: int = setting(20, "messages of one user that may wait for answers at once", least=1)
    chat_user_streams: int = setting(20, "chat streams that one user may have open at once", least=1)
    chat_user_drawings: int = setting(20, "pictures that are drawn for one user in a day", least=1)
    chat_deleted_days: int = setting(
        30, "days that conversations are kept after their users deleted them", least=1
    )
    chat_history_tokens: int = setting(
        4_000, "tokens of history a model gets; older messages are summed up", least=200
    )
    langsmith_api_key: Secret = setting(
        Secret(""),
        "LangSmith key, where `LANGSMITH_TRACING` is true",
        read_by="functions.chat.run_traces",
    )
