"""Prices of a model's tokens."""

from dataclasses import dataclass
from decimal import Decimal

_PER = 1000


@dataclass(frozen=True, slots=True)
class TokenPrices:
    """US dollars for 1,000 tokens."""

    input: Decimal
    output: Decimal

    def cost(self, input_tokens: int, output_tokens: int) -> Decimal:
        """Return US dollars. Cached tokens count as any others: what a custom model's cost less is not published."""
        return (input_tokens * self.input + output_tokens * self.output) / _PER
