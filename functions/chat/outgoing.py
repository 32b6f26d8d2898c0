"""The events that leave the chat with the rows they tell of. Table `chat.outbox`."""

from __future__ import annotations

from functions.runtime.outgoing import Outgoing


class ChatOutgoing(Outgoing):
    """Submitted messages."""

    schema = "chat"
