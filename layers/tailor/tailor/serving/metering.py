"""Count what a request used, under its key, project, version, hour and tags, in one write; and hold budgets.

The write is made once the answer is complete, or the request has failed, beside those of budgets.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol

from tailor.errors import TailorError
from tailor.serving import budgets
from tailor.serving.admission import StandingStore
from tailor.serving.aliases import Alias, Version
from tailor.serving.budgets import Announce, SpentStore
from tailor.serving.errors import to_api_error
from tailor.serving.fallback import Fallback
from tailor.serving.keys import Caller
from tailor.serving.latency import bucket_of
from tailor.serving.prices import Pricing
from tailor.serving.reservations import Reservation
from tailor.serving.usage import Usage

LONGEST_TAG = 64
"""Characters of a tag's value that count; what is longer is cut."""


class MeterStore(StandingStore, SpentStore, Protocol):
    """Storage of counters. The DynamoDB implementation is :class:`tailor.aws.serving.ServingTable`."""


@dataclass(frozen=True, slots=True)
class Metered:
    """One request whose model was found."""

    caller: Caller
    alias: Alias
    version: Version
    now: datetime
    reservation: Reservation
    images: int = 0
    tags: str = ""
    fallback: Fallback | None = None
    again: bool = False
    """Whether another model failed at it before."""

    def usage(self, **counts: Any) -> Usage:
        """Return usage of this request's hour."""
        return Usage(
            self.alias.project,
            self.now.date(),
            self.caller.key,
            self.version.run,
            hour=self.now.hour,
            model=self.version.model,
            tags=self.tags,
            **counts,
        )

    def asked(self, converse: Mapping[str, Any]) -> "Metered":
        """Return the request with the number of images that its Converse request holds."""
        blocks = (block for message in converse["messages"] for block in message["content"])
        return replace(self, images=sum("image" in block for block in blocks))


def _ignore(_: budgets.BudgetMark) -> None:
    """Announce a budget's mark to nobody."""


class Meter:
    """Counts requests. ``tags``: names of the request's metadata by which usage is told apart."""

    def __init__(
        self,
        store: MeterStore,
        pricing: Pricing = lambda _: None,
        announce: Announce = _ignore,
        tags: Sequence[str] = (),
    ) -> None:
        self._store, self._announce, self._tags = store, announce, tags
        self.pricing = pricing

    def metered(
        self,
        caller: Caller,
        alias: Alias,
        version: Version,
        metadata: Mapping[str, str] | None,
        now: datetime,
        fallback: Fallback | None = None,
    ) -> Metered:
        """Return what a request is counted under."""
        given = metadata or {}
        tags = (f"{name}={given[name][:LONGEST_TAG]}" for name in self._tags if given.get(name))
        reservation = Reservation(self._store, caller, now)
        return Metered(caller, alias, version, now, reservation, tags=";".join(tags), fallback=fallback)

    @contextmanager
    def failures_counted(self, request: Metered) -> Iterator[None]:
        """Count a request that fails within the block: as throttled if the caller gets 429, otherwise as an error."""
        try:
            yield
        except Exception as error:
            throttled = to_api_error(error).http_status == 429
            self._noted(lambda: request.reservation.settle(0))
            self._noted(
                lambda: self._store.add_usage(request.usage(throttled=int(throttled), errors=int(not throttled)))
            )
            raise

    def answered(self, request: Metered, used: Mapping[str, Any], answers: int) -> dict[str, Any]:
        """Count answers and their tokens; return what the log needs to know where that failed.

        Args:
            used: ``input_tokens``, ``cached_tokens``, ``output_tokens`` and ``model_ms`` of all answers together; an
                ``error`` if the last one broke off; ``estimated``: how many of them have estimated tokens.
        """
        counts = {name: used.get(name, 0) for name in ("input_tokens", "cached_tokens", "output_tokens")}
        counts |= {"requests": answers, "images": request.images, "errors": int("error" in used)}
        counts |= {"estimated": used.get("estimated", 0), "fallbacks": answers if request.fallback else 0}
        latencies = {bucket_of(used["model_ms"]): 1} if "model_ms" in used else {}
        counted = request.usage(latencies=latencies, **counts)
        writes: list[Callable[[], None]] = [lambda: self._store.add_usage(counted)]
        if request.caller.limits.tokens_per_day:
            writes.append(lambda: request.reservation.settle(counted.input_tokens + counted.output_tokens))
        if budgets.budgets_of(request.caller, request.alias):
            writes.append(lambda: self._add_cost(request, counted))
        if len(writes) == 1:
            return self._noted(writes[0])
        with ThreadPoolExecutor(len(writes)) as pool:
            return {name: code for found in pool.map(self._noted, writes) for name, code in found.items()}

    def _add_cost(self, request: Metered, counted: Usage) -> None:
        prices = self.pricing(request.version.model)
        if prices is None:
            return  # tailor budget says that such a model's calls are not counted
        cost = prices.cost(counted.input_tokens, counted.output_tokens)
        budgets.add(self._store, request.caller, request.alias, cost, request.now, self._announce)

    def _noted(self, write: Callable[[], None]) -> dict[str, Any]:
        try:
            write()
        except TailorError as error:
            # The answer is paid for and valid: a failure to count it must not lose it.
            return {"usage_not_counted": error.code}
        return {}
