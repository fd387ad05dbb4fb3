"""How a model is asked: one call and its reply."""

from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Reply:
    """``latency_ms`` as the service measured it."""

    text: str
    stop_reason: str
    input_tokens: int
    output_tokens: int
    latency_ms: float


class Asker(Protocol):
    """How a model is asked. Safe for use by several threads."""

    def converse(self, model_id: str, request: dict[str, Any]) -> Reply:
        """Raises ThrottledError for a rate limit, RetryableError for what may pass, other TailorErrors for good."""
