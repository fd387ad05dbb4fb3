"""Represent a deployed stack as checks use it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from tailor.runs import RunStore
from tailor.serving.aliases import AliasStore
from tailor.serving.keys import KeyStore
from tailor.steps import steer
from tailor.steps.control import Control
from tailor.steps.services import RunServices
from tailor.storage import Storage


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """Response to an HTTP request. ``pieces``: the number of pieces in which its body arrived."""

    status: int
    body: bytes
    pieces: int = 1


class HttpClient(Protocol):
    """Sends requests to the API; the implementation is :class:`tailor.aws.http.PooledHttpClient`."""

    def __call__(self, method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> HttpResponse:
        """Return the response. Raises RetryableError without one."""


class Serving(AliasStore, KeyStore, Protocol):
    """Live versions and keys."""


@dataclass(frozen=True, slots=True)
class Deployed:
    """``name``: the stack's; ``api``: the base URL for OpenAI clients, as reached from here; ``by``: the caller, for
    the histories of runs."""

    name: str
    bucket_name: str
    runs_table: str
    serving_table: str
    api: str
    api_id: str
    dead_letters: tuple[str, ...]
    customization_role: str
    by: str
    bucket: Storage
    runs: RunStore
    serving: Serving
    control: Control
    http: HttpClient

    @property
    def services(self) -> RunServices:
        return RunServices(self.runs, self.control, self.serving)

    def take_offline(self, project: str, reason: str) -> None:
        """End a project's service. Raises TailorError."""
        steer.take_offline(project, self.services, by=self.by, reason=reason, now=datetime.now(UTC))
