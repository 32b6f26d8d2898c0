"""Settings of the simulated provider."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from process.settings import setting


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How long the simulated provider takes and which share of calls goes wrong."""

    prefix: ClassVar[str] = "SIMULATED_"
    vision_s: float = setting(0, "simulated provider: seconds until a call with an image is answered")
    answer_s: float = setting(0, "simulated provider: seconds until a call without an image is answered")
    token_s: float = setting(0, "simulated provider: seconds between two streamed pieces")
    error_rate: float = setting(
        0, "simulated provider: share of calls that end with status 500, 0..1", most=1
    )
    malformed_rate: float = setting(
        0, "simulated provider: share of calls whose output breaks the schema, 0..1", most=1
    )
    refusal_rate: float = setting(0, "simulated provider: share of calls the model refuses, 0..1", most=1)
    rate_limit_rpm: float = setting(0, "simulated provider: calls a minute before 429; 0 = no limit")
    text_times: int = setting(1, "simulated provider: how often it says its free text", least=1, most=100)

    def latency_s(self, task: str) -> float:
        """Seconds until a call of this task (`vision` or another) is answered."""
        return self.vision_s if task == "vision" else self.answer_s
