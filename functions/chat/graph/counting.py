"""Tokens of a text as hosted models count them, by OpenAI's vocabulary o200k_base and its own library.

The vocabulary lies in `functions/chat/data/tiktoken` under the name that tiktoken gives it in its cache, and tiktoken
checks its digest: nothing is fetched. Gemini's vocabulary is another one; for Korean both come to about the same.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tiktoken import Encoding

VOCABULARIES = Path(__file__).resolve().parent.parent / "data" / "tiktoken"
NAME = "o200k_base"


def counted(text: str) -> int:
    """The number of tokens. The first call of a process loads the vocabulary: call it in a thread."""
    return len(_encoding().encode_ordinary(text))


def surely_within(texts: list[str], budget: int) -> bool:
    """Whether the texts fit however they are cut, since a token has a byte at least."""
    return sum(len(text.encode()) for text in texts) <= budget


@cache
def _encoding() -> Encoding:
    os.environ["TIKTOKEN_CACHE_DIR"] = str(VOCABULARIES)
    import tiktoken

    return tiktoken.get_encoding(NAME)
