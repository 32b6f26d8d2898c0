"""What importing costs: nothing that a cold start has no use for yet."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("openai", "google.genai", "aiohttp", "httpx2", "PIL", "uvicorn", "yaml", "onnxruntime", "numpy")


@pytest.mark.parametrize("module", ["functions.providers.shared", "functions.images.fetch"])
def test_no_client_library_is_imported_before_it_is_needed(module: str) -> None:
    program = f"import sys, {module}; print(*[name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.split() == []
