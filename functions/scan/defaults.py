"""What a scan goes by where nothing was said and nothing was found: a question and a category."""

DEFAULT_INPUT = "이 폐기물을 어떻게 분리배출해야 하나요?"
"""The question of a client whose user wrote nothing."""

UNCLASSIFIED = "미분류"
"""The major and middle category of what the taxonomy has no place for."""
