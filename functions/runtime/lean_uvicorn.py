"""uvicorn without its command line, which its package imports and which imports click: a seventh of a cold start.

Import `Config` and `Server` from here. `uvicorn.run` and the other names of the command line still work for
whoever asks for them in the same process; they are then imported.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import Any


def _stand_in() -> None:
    if "uvicorn" in sys.modules:
        return
    command_line = ModuleType("uvicorn.main")
    vars(command_line).update(Server=None, main=None, run=None)
    sys.modules["uvicorn.main"] = command_line
    package = importlib.import_module("uvicorn")
    del sys.modules["uvicorn.main"]
    for name in ("Server", "main", "run"):
        vars(package).pop(name, None)

    def later(name: str) -> Any:
        if name not in {"Server", "main", "run"}:
            raise AttributeError(name)
        return getattr(importlib.import_module("uvicorn.main"), name)

    vars(package)["__getattr__"] = later


_stand_in()

from uvicorn.config import Config  # noqa: E402
from uvicorn.server import Server  # noqa: E402

__all__ = ["Config", "Server"]
