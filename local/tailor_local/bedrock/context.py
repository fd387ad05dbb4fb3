"""The context of an operation, and lists in pages, which all operations share."""

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from tailor_local.bedrock.errors import invalid, not_found
from tailor_local.bedrock.faults import Desk
from tailor_local.bedrock.platform import Platform, Scope
from tailor_local.bedrock.rates import Rates
from tailor_local.bedrock.state import Job, State, Store
from tailor_local.quotas import QUOTAS, of_the_account

PAGE = 100


@dataclass
class Standin:
    """The parts of the running stand-in."""

    platform: Platform
    store: Store
    desk: Desk
    directory: Path
    start_job: Callable[[Scope, Job], None]
    account: Mapping[str, int] = field(default_factory=of_the_account)
    rates: Rates = field(default_factory=Rates)

    @property
    def state(self) -> State:
        return self.store.state

    def quota(self, name: str) -> int:
        """Return a quota: as set by faults, or by the account's setup, or that of a new account."""
        return {**self.account, **self.desk.faults.quotas}.get(name, QUOTAS[name].new)


@dataclass
class Call:
    """One request: ``request`` holds its members by name."""

    standin: Standin
    scope: Scope
    operation: str
    request: dict[str, Any]
    headers: Mapping[str, str]
    now: float

    @classmethod
    def of(cls, standin: Standin, operation: str, request: dict[str, Any], headers: Mapping[str, str]) -> "Call":
        return cls(standin, standin.platform.scope(), operation, request, headers, standin.desk.now())

    @property
    def state(self) -> State:
        return self.standin.state

    def repeated(self) -> str | None:
        """Return the ARN that an earlier request with the same clientRequestToken made."""
        token = self.request.get("clientRequestToken")
        return self.state.tokens.get(self.state.token_key(self.scope, self.operation, token)) if token else None

    def remember_token(self, arn: str) -> None:
        token = self.request.get("clientRequestToken")
        if token:
            self.state.tokens[self.state.token_key(self.scope, self.operation, token)] = arn

    def tag(self, arn: str, member: str) -> None:
        tags = {tag["key"]: tag["value"] for tag in self.request.get(member) or []}
        if tags:
            self.state.tags[arn] = tags


class _Named(Protocol):
    arn: str
    name: str


def find[T: _Named](items: Mapping[str, T], scope: Scope, identifier: str, what: str) -> T:
    """Return one of the caller's own resources, by ARN or name. Raises ResourceNotFoundException."""
    for item in items.values():
        if scope.owns(item.arn) and identifier in (item.arn, item.name):
            return item
    raise not_found(f"The provided {what} identifier is not found.")


def page(call: Call, items: Sequence[dict[str, Any]], member: str, time_of: str) -> dict[str, Any]:
    """One page of a list: sorted by time, newest first unless asked otherwise."""
    newest_first = call.request.get("sortOrder", "Descending") == "Descending"
    ordered = sorted(items, key=lambda item: item[time_of], reverse=newest_first)
    start = _offset(call.request.get("nextToken"))
    end = start + call.request.get("maxResults", PAGE)
    more = base64.urlsafe_b64encode(str(end).encode()).decode() if end < len(ordered) else None
    return {member: ordered[start:end], "nextToken": more}


def _offset(token: str | None) -> int:
    if not token:
        return 0
    try:
        return int(base64.urlsafe_b64decode(token))
    except ValueError as error:
        raise invalid("The provided nextToken is invalid.") from error


def wanted(request: dict[str, Any], name: str, created: float, before: str, after: str) -> bool:
    """Return the filters that all lists have: part of the name, and times."""
    return (
        request.get("nameContains", "") in name
        and created < request.get(before, float("inf"))
        and created > request.get(after, float("-inf"))
    )
