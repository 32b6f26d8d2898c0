"""What asyncio tasks that run until they are cancelled have to look at themselves."""

from __future__ import annotations

import asyncio


def cancelled() -> bool:
    """Whether the current task is being cancelled; for loops around commands, which may swallow it.

    redis-py and psycopg wait by asyncio.wait_for, which in Python 3.11 loses a cancellation that comes as it finishes.
    """
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
