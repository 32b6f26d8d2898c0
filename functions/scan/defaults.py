"""Constants of the scan that need no knowledge read: its folder, two names of categories, the default question."""

from pathlib import Path

DATA = Path(__file__).parent / "data"
"""The files of docs/knowledge.md."""

RECYCLABLE = "재활용폐기물"
"""The major category of what is collected to be used again."""


DEFAULT_INPUT = "이 폐기물을 어떻게 분리배출해야 하나요?"
"""The question of a client whose user wrote nothing."""

UNCLASSIFIED = "미분류"
"""The major and middle category of what the taxonomy has no place for."""
