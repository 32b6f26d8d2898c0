"""Tokens are counted by the vocabulary that lies with us, when they have to be, and by nobody else."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from functions.chat.graph.counting import VOCABULARIES, counted, surely_within
from functions.chat.graph.memory import KEPT, divided

ADDRESS = "https://openaipublic.blob.core.windows.net/encodings/o200k_base.tiktoken"
ROOT = Path(__file__).resolve().parents[3]


def test_the_vocabulary_is_the_one_that_tiktoken_would_fetch() -> None:
    name = hashlib.sha1(ADDRESS.encode()).hexdigest()
    digest = hashlib.sha256((VOCABULARIES / name).read_bytes()).hexdigest()
    assert digest == "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d"


def test_tokens_are_counted_without_a_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.socket.connect", lambda *_: pytest.fail("the network was used"))
    assert counted("") == 0
    assert counted("hello world") == 2
    assert counted("<|endoftext|>") > 1, "what users write is no special token"
    for text in ("페트병은 비우고 헹구고 라벨을 떼요.", "🧃" * 50, "a" * 500):
        assert 0 < counted(text) <= len(text.encode())


def test_what_fits_however_it_is_cut_is_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    assert surely_within(["가", "나"], 6)
    assert not surely_within(["가", "나"], 5)
    monkeypatch.setattr("functions.chat.graph.memory.counted", lambda _: pytest.fail("it was counted"))
    began = datetime(2026, 11, 27, tzinfo=UTC)
    few = [("user", "가" * 30, began + timedelta(minutes=number)) for number in range(KEPT + 2)]
    assert divided("", few, 12 * 90).older == []


def test_history_is_divided_by_tokens_not_by_characters() -> None:
    began = datetime(2026, 11, 27, tzinfo=UTC)

    def said(text: str) -> list[tuple[str, str, datetime]]:
        return [("user", text, began + timedelta(minutes=number)) for number in range(KEPT + 2)]

    plain, dense = "the bottle and the can " * 20, "쀍뛟궱" * 150
    assert len(plain) > len(dense)
    assert counted(plain) < counted(dense)
    budget = (KEPT + 2) * counted(plain)
    assert divided("", said(plain), budget).older == []
    assert len(divided("", said(dense), budget).older) == 2


def test_an_agent_starts_without_the_vocabulary() -> None:
    code = (
        "import sys; from functions.chat.agent.func import agent; from functions.chat.graph import build; "
        "print(sorted({'tiktoken', 'regex'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[]"
