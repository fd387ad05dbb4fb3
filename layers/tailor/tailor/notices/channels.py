"""Send a message by SNS, Slack, Teams or a signed webhook, within the limits of each.

Limits of Slack: docs.slack.dev/reference/block-kit/blocks; of SNS: the API reference of Publish. A channel's ``send``
returns an :class:`SendResult`, or raises RetryableError if a retry may succeed.
"""

import base64
import binascii
import hashlib
import hmac
import json
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Protocol

from tailor.errors import RetryableError, ThrottledError
from tailor.notices import slack, teams
from tailor.notices.facts import in_words
from tailor.notices.messages import Notice
from tailor.notices.words import WORDS, at_local_time

SUBJECT_LENGTH = 99  # SNS: fewer than 100 ASCII characters on one line
MOST_BYTES = 250_000  # SNS: 262,144 with the attributes
MACHINES = ("sqs", "lambda", "http", "https", "firehose")  # protocols that get JSON
DEFAULT_WAIT = 30.0  # seconds, where a 429 does not say how long
ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class SendResult:
    """The result of a send: ``sent``, or permanently refused with the receiver's ``reason``."""

    sent: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class PostResponse:
    """An HTTP response. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: str


class Post(Protocol):
    def __call__(self, url: str, body: bytes, headers: Mapping[str, str]) -> PostResponse:
        """Send an HTTP POST without following redirects. Raises RetryableError, without the URL, if nothing answers."""


class Publish(Protocol):
    def __call__(self, subject: str, bodies: Mapping[str, str], attributes: Mapping[str, str]) -> None:
        """Publish an SNS message: a body for each protocol, and attributes for subscribers' filters."""


Wait = Callable[[float], bool]
"""Sleeps for some seconds; returns False at once if not enough time is left."""


class Channel(Protocol):
    @property
    def name(self) -> str: ...

    def send(self, message: Notice) -> SendResult: ...


@dataclass(frozen=True, slots=True)
class SnsChannel:
    publish: Publish
    name: str = "sns"

    def send(self, message: Notice) -> SendResult:
        bodies = _bodies(message)
        attributes = {
            "project": message.project,
            "event": message.event,
            "state": _state(message),
            "severity": message.severity,
        }
        self.publish(subject(message), bodies, attributes)
        return SendResult(sent=True)


@dataclass(frozen=True, slots=True)
class SlackChannel:
    """An incoming webhook of Slack; its ``url`` is a secret."""

    url: str
    post: Post
    wait: Wait
    name: str = "slack"

    def send(self, message: Notice) -> SendResult:
        body = json.dumps(slack.payload(message)).encode()
        return _exchange("Slack", self.url, body, {}, self.post, self.wait)


@dataclass(frozen=True, slots=True)
class TeamsChannel:
    """A workflow of Microsoft Teams that posts what its webhook gets; its ``url`` is a secret."""

    url: str
    post: Post
    wait: Wait
    name: str = "teams"

    def send(self, message: Notice) -> SendResult:
        return _exchange("Teams", self.url, teams.body(message), {}, self.post, self.wait)


@dataclass(frozen=True, slots=True)
class WebhookChannel:
    """A JSON POST, signed as standardwebhooks.com describes; ``secret`` may start with ``whsec_``."""

    url: str
    secret: str
    post: Post
    wait: Wait
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    name: str = "webhook"

    def send(self, message: Notice) -> SendResult:
        kind = f"run.{message.event}" if message.state else message.event
        event = {"type": kind, "timestamp": _iso(message.at), "data": document(message)}
        body = json.dumps(event).encode()
        sent_at = int(self.clock().timestamp())
        headers = {
            "webhook-id": message.id,
            "webhook-timestamp": str(sent_at),
            "webhook-signature": signature(self.secret, message.id, sent_at, body),
        }
        return _exchange("the webhook", self.url, body, headers, self.post, self.wait)


def _bodies(message: Notice) -> dict[str, str]:
    """Return the text for each protocol: the whole message, or cut so that SNS accepts all of them together."""
    for share in (1, 4, 16, 64):
        told = message if share == 1 else _shorter(message, share)
        machine = json.dumps(document(told), ensure_ascii=False)
        bodies = {"default": plain_text(told)} | dict.fromkeys(MACHINES, machine)
        if len(json.dumps(bodies).encode()) <= MOST_BYTES:
            break
    return bodies


def _shorter(message: Notice, share: int) -> Notice:
    """Return the message with cut texts and its first figures."""
    room = 4000 // share
    fields = tuple(replace(field, label=field.label[:100], value=field.value[:room]) for field in message.fields[:20])
    texts = {name: getattr(message, name)[: 4 * room] for name in ("title", "text", "next_step")}
    return replace(message, fields=fields, **texts)


def subject(message: Notice) -> str:
    """Return the title as an SNS subject, which takes ASCII: letters lose their accents and marks of tone."""
    letters = unicodedata.normalize("NFD", message.title.replace("đ", "d").replace("Đ", "D"))
    bare = "".join(letter for letter in letters if not unicodedata.combining(letter))
    line = re.sub(r"[^\x20-\x7e]+", " ", bare).strip()
    return line if len(line) <= SUBJECT_LENGTH else line[: SUBJECT_LENGTH - 3].rstrip() + "..."


def plain_text(message: Notice) -> str:
    """Return the message as text for e-mail. Its first line says what comes next, or what to do."""
    words = WORDS[message.language]
    parts = [f"{words.next}: {message.next_step}", f"{message.title}\n{message.text}"]
    if message.fields:
        parts.append("\n".join(f"{field.label}: {field.value}" for field in message.fields))
    if message.links:
        parts.append("\n".join(f"{link.label}: {link.url}" for link in message.links))
    at = at_local_time(message.at) if message.language == "vi" else in_words(message.at)
    parts.append(", ".join(filter(None, [message.about, message.of_dataset, at])))
    return "\n\n".join(parts) + "\n"


def document(message: Notice) -> dict[str, Any]:
    """Return the message as JSON for programs. ``id`` is the same for every delivery of one change."""
    return {
        "id": message.id,
        "run": message.run,
        "project": message.project,
        "dataset": message.dataset,
        "event": message.event,
        "state": _state(message),
        "sequence": message.sequence,
        "at": _iso(message.at),
        "severity": message.severity,
        "title": message.title,
        "text": message.text,
        "next_step": message.next_step,
        "fields": [{"label": field.label, "value": field.value} for field in message.fields],
        "links": [{"label": link.label, "url": link.url} for link in message.links],
    }


def _state(message: Notice) -> str:
    """Return the run's state; ``none`` for an upload without a run, because attributes of SNS may not be empty."""
    return message.state.value if message.state else "none"


def signature(secret: str, id: str, timestamp: int, body: bytes) -> str:
    """Return ``v1,`` and the base64 of an HMAC-SHA256 over id, timestamp (seconds) and body, joined by dots."""
    signed = f"{id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(_key(secret), signed, hashlib.sha256)).decode()


def _key(secret: str) -> bytes:
    """Return the secret's bytes: base64 after ``whsec_``, otherwise as it is."""
    encoded = secret.removeprefix("whsec_")
    if encoded == secret:
        return secret.encode()
    try:
        return base64.b64decode(encoded, validate=True)
    except binascii.Error:
        return secret.encode()


def _exchange(whom: str, url: str, body: bytes, headers: Mapping[str, str], post: Post, wait: Wait) -> SendResult:
    """Post until the message is accepted, permanently refused, or the wait exceeds this invocation."""
    response = exchange(whom, url, body, headers, post, wait)
    accepted = 200 <= response.status < 300
    return SendResult(sent=True) if accepted else SendResult(sent=False, reason=_refusal(response))


def exchange(whom: str, url: str, body: bytes, headers: Mapping[str, str], post: Post, wait: Wait) -> PostResponse:
    """Post JSON, again if the receiver asks to wait; return its answer.

    Raises:
        ThrottledError: the wait exceeds this invocation.
        RetryableError: the receiver is in trouble.
    """
    headers = {"content-type": "application/json; charset=utf-8", **headers}
    for _ in range(ATTEMPTS):
        response = post(url, body, headers)
        if response.status in (408, 425) or response.status >= 500:
            raise RetryableError(f"{whom} answered {response.status}")
        if response.status != 429:
            return response
        if not wait(_retry_after(response)):
            break
    raise ThrottledError(f"{whom} takes no more messages at the moment")


def _refusal(response: PostResponse) -> str:
    """Return ``404 no_service``: the status and, if the body is a short code, the code. Other bodies may hold data."""
    code = response.body.strip()
    return f"{response.status} {code}" if re.fullmatch(r"[a-z_]{1,60}", code) else str(response.status)


def _retry_after(response: PostResponse) -> float:
    seconds = response.headers.get("retry-after", "").strip()
    return float(seconds) if re.fullmatch(r"[0-9]{1,6}", seconds) else DEFAULT_WAIT


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
