"""Prices of tokens: a table of data, marked with the date it was checked."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, field
from pathlib import Path

from functions.providers.request import Usage

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Price:
    """USD per million tokens."""

    input: float
    cached_input: float
    output: float

    def of(self, usage: Usage) -> float:
        fresh = usage.input_tokens - usage.cached_tokens
        spent = (
            fresh * self.input + usage.cached_tokens * self.cached_input + usage.output_tokens * self.output
        )
        return spent / 1_000_000


@dataclass(slots=True)
class PriceTable:
    """Prices by model name, `checked` on a day (YYYY-MM-DD). An unlisted model costs 0 and is logged once."""

    checked: str
    prices: dict[str, Price]
    _missed: set[str] = field(default_factory=set)

    @classmethod
    def load(cls, path: str = "") -> PriceTable:
        """The table at `path`, or the packaged one. Raises OSError, or ValueError naming the file."""
        if path:
            text = Path(path).read_text(encoding="utf-8")
        else:
            text = (Path(__file__).parent / "data" / "prices.json").read_text(encoding="utf-8")
        try:
            data = json.loads(text)
            prices = {model: Price(**price) for model, price in data["models"].items()}
            return cls(checked=str(data["checked"]), prices=prices)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ValueError(f"price table {path or 'prices.json'}: {error!r}") from error

    def cost_usd(self, model: str, usage: Usage) -> float:
        price = self.prices.get(model)
        if price:
            return price.of(usage)
        if model not in self._missed:
            self._missed.add(model)
            log.warning("no price for model %s: its calls count as 0 USD", model)
        return 0.0
