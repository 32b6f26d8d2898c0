"""What a start shows: one line a step with the seconds since the beginning; details on a terminal in place."""

from __future__ import annotations

import shutil
import sys
import threading
import time


class Progress:
    """Safe to use from several threads."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._lock = threading.Lock()
        self._on_terminal = sys.stdout.isatty()

    def step(self, text: str) -> None:
        """Something is finished."""
        with self._lock:
            self._clear()
            print(f"{self.seconds:6.1f} s  {text}", flush=True)

    def detail(self, text: str) -> None:
        """What is going on; on a terminal the next line replaces it."""
        with self._lock:
            if self._on_terminal:
                self._clear()
                print(f"          {text[: shutil.get_terminal_size().columns - 12]}", end="\r", flush=True)
            else:
                print(f"          {text}", flush=True)

    @property
    def seconds(self) -> float:
        """Since the beginning."""
        return time.monotonic() - self._began

    def _clear(self) -> None:
        if self._on_terminal:
            print("\x1b[2K", end="\r")
