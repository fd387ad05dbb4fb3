"""Post to Slack with a bot token: one thread for each run, whose first message shows the run's current state.

Methods and errors: docs.slack.dev/reference/methods/chat.postMessage and chat.update. Slack answers 200 with
``{"ok": false, "error": …}`` where it refuses, and 429 with ``Retry-After`` where it is asked too often
(docs.slack.dev/apis/web-api/rate-limits).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from tailor.errors import RetryableError
from tailor.notices import slack
from tailor.notices.cards import buttons_of, card_of
from tailor.notices.channels import Post, SendResult, Wait, exchange
from tailor.notices.hooks import SlackApp
from tailor.notices.messages import Notice, Reader
from tailor.runs import Run

API = "https://slack.com/api/"
_PASSING = frozenset(
    {"ratelimited", "rate_limited", "internal_error", "fatal_error", "service_unavailable", "request_timeout"}
)
_GONE = frozenset({"message_not_found", "thread_not_found", "cant_update_message"})  # somebody deleted it


class RefusedError(Exception):
    """Raised if Slack refuses a call permanently; ``code`` is Slack's."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Thread:
    """Thread of a run: ``ts`` of its first message, and the id of the notice that was posted as that message."""

    ts: str
    first: str = ""


class Threads(Protocol):
    """Remembers the thread of each run. ``key`` names run and channel."""

    def find(self, key: str) -> Thread | None: ...

    def told_first(self, thread: Thread, notice: str) -> bool:
        """Return whether the thread's first message was this notice."""

    def claim(self, key: str) -> bool:
        """Return whether the caller may open the thread. A claim expires after a minute."""

    def give_up(self, key: str) -> None:
        """End a claim, because the thread could not be opened."""

    def opened(self, key: str, thread: Thread, sequence: int) -> None:
        """Record a thread whose first message shows a run at this sequence."""

    def shows(self, key: str, sequence: int) -> bool:
        """Record that the first message is about to show this sequence; return False if it shows a later one."""


@dataclass(frozen=True, slots=True)
class SlackApi:
    """Calls of Slack's Web API with a bot token, which is a secret."""

    token: str
    post: Post
    wait: Wait
    url: str = API

    def call(self, method: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Return Slack's answer. Raises RefusedError, RetryableError and ThrottledError."""
        body, headers = json.dumps(arguments).encode(), {"authorization": f"Bearer {self.token}"}
        response = exchange("Slack", f"{self.url}{method}", body, headers, self.post, self.wait)
        try:
            answer: dict[str, Any] = json.loads(response.body)
        except ValueError:
            raise RefusedError(str(response.status)) from None
        if answer.get("ok") is True:
            return answer
        code = str(answer.get("error", response.status))
        if code in _PASSING:
            raise RetryableError(f"Slack answered {code}")
        raise RefusedError(code)


@dataclass(frozen=True, slots=True)
class SlackAppChannel:
    """Channel of a Slack app. ``run`` is what a message is about; None for an upload and other topics without a run."""

    app: SlackApp
    api: SlackApi
    threads: Threads
    reader: Reader
    run: Run | None = None
    name: str = "slack"

    def send(self, message: Notice) -> SendResult:
        """Post into the run's thread, or open it. Important notices are shown in the channel too."""
        try:
            if self.run is None:
                self._post(slack.payload(message))
            else:
                self._tell(message, self.run)
        except RefusedError as refused:
            return SendResult(sent=False, reason=refused.code)
        return SendResult(sent=True)

    def refresh(self) -> SendResult:
        """Update the first message of the run's thread, if there is one, to the run's current state. Idempotent.

        Raises:
            RetryableError: Slack takes no more at the moment, or a later state was shown meanwhile.
        """
        thread = self.threads.find(self._key) if self.run else None
        if self.run is None or thread is None or not self.threads.shows(self._key, self.run.sequence):
            return SendResult(sent=True)
        card = slack.card(card_of(self.run, self.reader, self.app))
        try:
            self.api.call("chat.update", {"channel": self.app.channel, "ts": thread.ts, **card})
        except RefusedError as refused:
            return SendResult(sent=refused.code in _GONE, reason=refused.code)
        if not self.threads.shows(self._key, self.run.sequence):
            raise RetryableError("a later state of the run was shown before this one")
        return SendResult(sent=True)

    @property
    def _key(self) -> str:
        return f"{self.run.id if self.run else ''}#{self.app.channel}"

    def _tell(self, message: Notice, run: Run) -> None:
        thread = self.threads.find(self._key) or self._open(run)
        if self.threads.told_first(thread, message.id):
            return
        is_current = message.sequence == run.sequence and not message.stall
        payload = slack.payload(message, buttons_of(run, self.app, message.language) if is_current else ())
        shown_in_channel = {"reply_broadcast": True} if message.severity != "info" else {}
        self._post(payload, thread_ts=thread.ts, **shown_in_channel)

    def _open(self, run: Run) -> Thread:
        """Post the first message of a run's thread: its current state with its last notice."""
        if not self.threads.claim(self._key):
            raise RetryableError("another notice of this run opens its thread")
        card = card_of(run, self.reader, self.app)
        try:
            ts = self._post(slack.card(card))
        except Exception:
            self.threads.give_up(self._key)
            raise
        thread = Thread(ts, card.told.id if card.told else "")
        self.threads.opened(self._key, thread, run.sequence)
        return thread

    def _post(self, payload: Mapping[str, Any], **place: Any) -> str:
        answer = self.api.call("chat.postMessage", {"channel": self.app.channel, **payload, **place})
        return str(answer["ts"])
