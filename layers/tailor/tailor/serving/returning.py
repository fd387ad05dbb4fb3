"""Answer calls for a model whose units are deleted for a time: record that it is wanted, say when to try again."""

import math
from datetime import datetime
from typing import Protocol

from tailor.serving import budgets
from tailor.serving.admission import Admitted
from tailor.serving.aliases import Alias, Offline
from tailor.serving.errors import SERVER, ApiError
from tailor.serving.metering import MeterStore

RETRY_MEASURED = 600
"""Seconds; nobody knows how long the measurement of another version takes."""
RETRY_RETURNING = 60
"""Seconds; OpenAI's clients wait no longer than that. Model units take some minutes."""


class ReturnStore(MeterStore, Protocol):
    """Storage of counters and wishes. The DynamoDB implementation is :class:`tailor.aws.serving.ServingTable`."""

    def ask_return(self, project: str, paused_at: datetime, now: datetime) -> datetime:
        """Record that a paused version is wanted again; return when that was asked first. Idempotent."""


def call_back(store: ReturnStore, alias: Alias, paused: Offline, called: Admitted) -> ApiError:
    """Have a paused version come back if a call may do that; return the caller's error.

    Raises:
        ApiError: 429, and nothing is recorded: a key without budget must not start what bills by the hour.
    """
    if paused.returns != "call":
        return paused_error(alias.project, paused, called.now)
    budgets.check(called.spent, called.caller, alias, called.now)
    asked = store.ask_return(alias.project, paused.at, called.now)
    return paused_error(alias.project, paused, called.now, asked)


def paused_error(project: str, paused: Offline, now: datetime, asked: datetime | None = None) -> ApiError:
    """Return the 503 of a paused model. ``asked``: since when it is wanted again."""
    if paused.returns == "verdict":
        message = f"the model {project!r} is paused while a newer version is measured in its place: try again later"
        return _unavailable(message, RETRY_MEASURED)
    since = paused.opens_at if paused.returns == "opening" else asked
    if since is None:
        message = f"the model {project!r} was taken down because nobody called it: a call brings it back"
        return _unavailable(message, RETRY_RETURNING)
    if since <= now:
        message = f"the model {project!r} is coming back since {since:%Y-%m-%d %H:%M} UTC, which takes some minutes"
        return _unavailable(f"{message}: try again", RETRY_RETURNING)
    message = f"the model {project!r} is closed until {since:%Y-%m-%d %H:%M} UTC, by its schedule"
    return _unavailable(message, math.ceil((since - now).total_seconds()))


def _unavailable(message: str, wait: int) -> ApiError:
    soon = None if wait <= RETRY_RETURNING else False
    return ApiError(503, message, code="model_paused", type=SERVER, param="model", retry_after=wait, should_retry=soon)
